import type { PrivateKey } from '@libp2p/interface';
import {
  type Clock,
  createDirectory,
  createSkeinNode,
  type Directory,
  loadIdentity,
  type SkeinNode,
} from '@skein/client/network';
import { abortAfter, SkeinError, toSkeinError } from '@skein/protocol';
import { createFreshIdentity } from './fresh-identity.js';
import type { HostedModel } from './hosting/hosted-model.js';
import type { PeerEvent } from './peer-events.js';
import type { PeerOptions } from './peer-options.js';

/** Where the swarm's other members are looked for at the start, at most. */
const joinMsMax = 10_000;

/** A peer's place in the network. */
export interface PeerNetwork {
  readonly node: SkeinNode;
  readonly directory: Directory;
}

/** What joining takes, beside the peer's options. */
interface Joining {
  readonly model: HostedModel;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Something was started that must be stopped, whatever comes of the rest. */
  onStarted(stop: () => Promise<unknown>): void;
  onListening(network: PeerNetwork): void;
  onEvent(event: PeerEvent): void;
}

/**
 * Listens, and meets the members.
 *
 * @throws SkeinError `peer-unreachable` when no bootstrap address answers, `address-in-use`,
 *   `bad-configuration`, `aborted`
 */
export async function joinSwarm(
  options: PeerOptions,
  joining: Joining,
): Promise<PeerNetwork & { readonly privateKey: PrivateKey }> {
  const { listen, bootstrap, announce, identityPath, mdns, dht, transports, gossipMs } = options;
  const { metrics } = options;
  const privateKey =
    identityPath === undefined ? await createFreshIdentity() : await loadIdentity(identityPath);
  const node = await createSkeinNode({
    listen,
    bootstrap,
    mode: 'peer',
    privateKey,
    ...(announce === undefined ? {} : { announce }),
    ...(mdns === undefined ? {} : { mdns }),
    ...(dht === undefined ? {} : { dht }),
    ...(transports === undefined ? {} : { transports }),
    ...(metrics === undefined ? {} : { metrics }),
  });
  joining.onStarted(() => node.stop());
  await node.start();
  const directory = createDirectory({
    node,
    bootstrap,
    privateKey,
    clock: joining.clock,
    ...(gossipMs === undefined ? {} : { gossipMs }),
  });
  joining.onStarted(() => directory.stop());
  await directory.start();
  const network = { node, directory };
  joining.onListening(network);
  joining.onEvent({ type: 'listening', peerId: node.peer, multiaddrs: node.multiaddrs });
  await meetMembers(network, options, joining);
  return { ...network, privateKey };
}

async function meetMembers(
  { node, directory }: PeerNetwork,
  { bootstrap }: PeerOptions,
  { model, signal, onEvent }: Joining,
): Promise<void> {
  if (bootstrap.length === 0) return;
  const modelName = model.manifest.name;
  const limit = abortAfter(joinMsMax, signal);
  try {
    await directory.refresh({ modelName, signal: limit });
  } catch (thrown) {
    signal.throwIfAborted();
    const error = toSkeinError(thrown);
    // A peer that nobody can find would only look as if it helped.
    if (node.connectedPeers.length === 0) throw unreachableBootstrap(bootstrap, error);
    const message = `No other member was found yet; the search goes on. ${error.message}`;
    onEvent({ type: 'warning', message, error });
  }
  const namesake = directory
    .records()
    .find(({ body }) => body.modelName === modelName && body.model !== model.hash);
  if (namesake === undefined) return;
  const message =
    `Peer ${namesake.peerId} hosts another model by the name "${modelName}": ` +
    `${namesake.body.model}, here ${model.hash}. The two cannot work together; ` +
    'get the same files, or choose another name.';
  onEvent({ type: 'warning', message });
}

function unreachableBootstrap(bootstrap: readonly string[], cause: SkeinError): SkeinError {
  const text = [
    `None of the bootstrap addresses answered: ${bootstrap.join(', ')}`,
    '  1. Check that a peer runs there: `skein peer` prints its addresses when it is ready.',
    '  2. Check that the address ends in /p2p/ and the peer’s id, and that its port is open.',
    '  3. To start a swarm of your own, leave --bootstrap out.',
  ].join('\n');
  return new SkeinError('peer-unreachable', text, { cause, details: { bootstrap } });
}
