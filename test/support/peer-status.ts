import type { SwarmPeer } from './swarm.js';

/** Sessions on a peer, by its health page: it needs `--http`. */
export async function sessionsOn(peer: SwarmPeer): Promise<number> {
  const { http } = await peer.process.waitFor('ready');
  const status = (await (await fetch(`${http}/api/v1/peer`)).json()) as { sessions: number };
  return status.sessions;
}
