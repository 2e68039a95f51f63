import type { Scenario } from './draw-scenario.js';

/** Room for all sessions at once: placement looks at speed alone, and no peer must be too small. */
const kvTokensMax = 100_000;

/** The scenario with peers that look for better spans as often as they can. */
export function restless(scenario: Scenario, options: { hasRoom: boolean }): Scenario {
  const { hasRoom } = options;
  const peers = scenario.peers.map((peer) => ({
    ...peer,
    hasRoom,
    kvTokensMax,
    rebalanceMs: 1500,
    clock: { offsetMs: 0, rate: 1 },
  }));
  return { ...scenario, peers };
}
