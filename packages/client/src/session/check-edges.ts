import { type Failure, type HopChain, RouteBroken } from './hop-chain.js';

/**
 * Decides what becomes of edges that failed. A hop that is out of its predecessor's reach but
 * answers us is relayed to; else it is lost. The edge from the last hop to the first can be done without.
 *
 * @param onRefused a peer that works, but not in this place
 * @throws RouteBroken when a hop is lost
 */
export async function checkEdges(
  chain: HopChain,
  failures: readonly Failure[],
  onRefused: (peer: Failure['hop']['peer']) => void,
): Promise<void> {
  for (const { kind, hop, error } of failures) {
    const { hops } = chain;
    const isLoop = hop === hops.at(-1);
    const successor = isLoop ? hops[0] : hops[hops.indexOf(hop) + 1];
    const isOpen = kind === 'edge' && hops.includes(hop) && !hop.isLost;
    if (!isOpen || successor === undefined || successor.isLost) continue;
    // One that is still being opened cannot answer: if it is dead, its opening fails.
    const isSilent = successor.isReady && (await chain.unlessBroken(successor.probe())) === null;
    if (isSilent) {
      chain.lose(successor, error, { isBlamed: true });
      throw new RouteBroken();
    }
    // Tokens of the last hop go by way of the client again.
    if (isLoop) continue;
    // Relaying did not help: nobody knows why, so somebody else takes its place.
    if (hop.needsRelay && hop.target === 'client') {
      onRefused(successor.peer);
      chain.lose(successor, error, { isBlamed: false });
      throw new RouteBroken();
    }
    hop.needsRelay = true;
  }
}
