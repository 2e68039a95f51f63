import type { SwarmPeer } from './swarm.js';

/** Sessions on a peer that was started with `--http`; 0 when it is gone. */
export async function sessionsOn(peer: SwarmPeer): Promise<number> {
  const { http } = await peer.process.waitFor('ready');
  const answer = await fetch(`${http}/api/v1/peer`).catch(() => null);
  if (answer === null) return 0;
  const status = (await answer.json()) as { sessions: number };
  return status.sessions;
}

/** Milliseconds until no peer has a session any more. */
export async function untilFree(peers: readonly SwarmPeer[]): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const counts = await Promise.all(peers.map(sessionsOn));
    const elapsedMs = performance.now() - startedAtMs;
    if (counts.every((count) => count === 0)) return elapsedMs;
    if (elapsedMs > 20_000) throw new Error(`still ${counts} sessions`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
