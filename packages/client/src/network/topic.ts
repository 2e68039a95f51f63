import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';

/** Multicodec `raw`: the content is the topic's text itself. */
const rawCodec = 0x55;

/** The DHT key of a topic: the content id of `skein/<topic>`. */
export async function topicCid(topic: string): Promise<CID> {
  const digest = await sha256.digest(new TextEncoder().encode(`skein/${topic}`));
  return CID.createV1(rawCodec, digest);
}
