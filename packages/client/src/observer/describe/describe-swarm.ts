import type { Health, JoinHelp, ModelState, SwarmHead } from '@skein/protocol/http-api';
import type { ObservedPeer } from '../watch/observed-peer.js';
import type { DescribedModel } from './describe-models.js';
import { rounded } from './describe-sessions.js';
import { counted, weakestRange } from './model-health.js';

/** The figures on top. */
export function describeHead(
  models: readonly DescribedModel[],
  peers: readonly ObservedPeer[],
  context: {
    readonly atMs: number;
    readonly bootstrap: readonly string[];
    readonly isPrivate: boolean;
  },
): SwarmHead {
  const states = models.map(({ state }) => state);
  const worst = worstOf(models);
  return {
    atMs: context.atMs,
    health: healthOf(states),
    headline: headlineOf(states, worst?.state ?? null),
    tokensPerSecond: rounded(sumOf(states, ({ tokensPerSecond }) => tokensPerSecond)),
    sessions: sumOf(states, ({ sessions }) => sessions),
    peers: countStates(peers),
    models: states.length,
    join: describeHelp(worst, context),
  };
}

const order: readonly Health[] = ['broken', 'degraded', 'healthy'];

/** Broken when nobody can generate anything, healthy when all is well. */
function healthOf(states: readonly ModelState[]): Health {
  if (states.every(({ health }) => health === 'broken')) return 'broken';
  return states.every(({ health }) => health === 'healthy') ? 'healthy' : 'degraded';
}

function headlineOf(states: readonly ModelState[], worst: ModelState | null): string {
  if (worst === null) return 'no peer hosts a model yet';
  if (states.length === 1) return worst.headline;
  const others = counted(states.length - 1, 'other model');
  return `${worst.name}: ${worst.headline} (and ${others}, none worse)`;
}

/** The model that needs help most: by health, then by its weakest block. */
function worstOf(models: readonly DescribedModel[]): DescribedModel | null {
  const [worst = null] = [...models].sort(
    (left, right) =>
      order.indexOf(left.state.health) - order.indexOf(right.state.health) ||
      (left.state.weakest?.peers ?? 0) - (right.state.weakest?.peers ?? 0) ||
      left.state.name.localeCompare(right.state.name),
  );
  return worst;
}

function describeHelp(
  worst: DescribedModel | null,
  { bootstrap, isPrivate }: { readonly bootstrap: readonly string[]; readonly isPrivate: boolean },
): JoinHelp {
  const weakest =
    worst === null
      ? null
      : {
          model: { hash: worst.state.hash, name: worst.state.name },
          span: weakestRange(worst.covered),
          peers: worst.state.weakest?.peers ?? 0,
        };
  return { bootstrap: bootstrap.slice(0, 16), isPrivate, weakest };
}

function countStates(peers: readonly ObservedPeer[]): SwarmHead['peers'] {
  const counts = { serving: 0, joining: 0, draining: 0, lost: 0 };
  for (const { record, lostAtMs } of peers) {
    if (lostAtMs !== null) counts.lost += 1;
    else if (record.state === 'gone') counts.draining += 1;
    else counts[record.state] += 1;
  }
  return counts;
}

function sumOf(states: readonly ModelState[], value: (state: ModelState) => number): number {
  return states.reduce((sum, state) => sum + value(state), 0);
}
