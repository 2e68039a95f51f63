import {
  createDirectory,
  createSkeinNode,
  type Directory,
  type SkeinNode,
  type SkeinNodeOptions,
} from '@skein/client/network';
import { abortAfter, SkeinError } from '@skein/protocol';

/** Those to peers that are asked, the ones that are let go just now, and some for the DHT. */
const connectionsMax = 768;
/** The members are looked for so long; then there is what there is. */
const joinMsMax = 10_000;

/** A place in the network from which a swarm is watched. */
export interface ObserverNetwork {
  readonly node: SkeinNode;
  readonly directory: Directory;
  /** @throws SkeinError `peer-unreachable` that says what to look at */
  join(): Promise<void>;
  leave(): Promise<void>;
}

/** Makes a node that hosts nothing, and is asked nothing. It does no I/O until `join()`. */
export async function createObserverNetwork(
  bootstrap: readonly string[],
  options: Pick<SkeinNodeOptions, 'metrics'> = {},
): Promise<ObserverNetwork> {
  const node = await createSkeinNode({
    listen: [],
    bootstrap,
    mode: 'client',
    connectionsMax,
    ...options,
  });
  const directory = createDirectory({ node, bootstrap });
  return {
    node,
    directory,
    async join() {
      await node.start();
      try {
        await node.connect(bootstrap, {});
      } catch (error) {
        throw unreachableBootstrap(bootstrap, error);
      }
      await directory.start();
      // A swarm without peers is shown as it is: empty, until one comes.
      await directory.refresh({ signal: abortAfter(joinMsMax) }).catch(() => undefined);
    },
    async leave() {
      await directory.stop();
      await node.stop();
    },
  };
}

function unreachableBootstrap(bootstrap: readonly string[], cause: unknown): SkeinError {
  const text = [
    `None of the bootstrap addresses answered: ${bootstrap.join(', ')}`,
    '  1. Check that a peer runs there: `skein peer` prints its addresses when it is ready.',
    '  2. Check that the address ends in /p2p/ and the peer’s id, and that its port is open.',
    '  3. Name another member with --bootstrap.',
  ].join('\n');
  return new SkeinError('peer-unreachable', text, { cause, details: { bootstrap } });
}
