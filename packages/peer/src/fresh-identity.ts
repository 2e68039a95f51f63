import { generateKeyPair } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';

/** An identity for one run. */
export function createFreshIdentity(): Promise<PrivateKey> {
  return generateKeyPair('Ed25519');
}
