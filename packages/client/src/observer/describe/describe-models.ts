import type { ModelHash } from '@skein/protocol';
import { httpApiLimits, type ModelState } from '@skein/protocol/http-api';
import type { ObservedPeer } from '../watch/observed-peer.js';
import { rounded, sessionRate } from './describe-sessions.js';
import type { JoinedSession } from './join-sessions.js';
import { coverKinds, coverModel, judgeModel, type ModelCoverage } from './model-health.js';

/** A model with what is derived of it. */
export interface DescribedModel {
  readonly state: ModelState;
  readonly covered: ModelCoverage;
}

/** All models that some peer hosts, or is about to, by name. */
export function describeModels(
  peers: readonly ObservedPeer[],
  sessions: readonly JoinedSession[],
): DescribedModel[] {
  const byModel = new Map<ModelHash, ObservedPeer[]>();
  for (const peer of peers) {
    const others = byModel.get(peer.record.model);
    if (others === undefined) byModel.set(peer.record.model, [peer]);
    else others.push(peer);
  }
  return [...byModel]
    .map(([hash, hosts]) => describeModel(hash, hosts, sessions))
    .sort((left, right) => left.state.name.localeCompare(right.state.name))
    .slice(0, httpApiLimits.modelsMax);
}

function describeModel(
  hash: ModelHash,
  hosts: readonly ObservedPeer[],
  sessions: readonly JoinedSession[],
): DescribedModel {
  const { modelName, hiddenSize, contextLength } = (hosts[0] as ObservedPeer).record;
  // A peer whose record contradicts the others about the model does not stretch it.
  const blockCount = mostCommon(hosts.map(({ record }) => record.blockCount));
  const serving = hosts.filter(({ isServing }) => isServing).map(({ record }) => record);
  const covered = coverModel(serving, blockCount);
  const kinds = coverKinds(serving, blockCount);
  const { health, headline } = judgeModel(covered, kinds);
  const own = sessions.filter(({ hops }) => hops[0]?.peer.record.model === hash);
  const state: ModelState = {
    hash,
    name: modelName,
    health,
    headline,
    blockCount,
    hiddenSize,
    contextLength,
    coverage: covered.coverage.map((block) => ({
      ...block,
      stepsPerSecond: rounded(block.stepsPerSecond),
    })),
    weakest:
      covered.weakest === null
        ? null
        : { ...covered.weakest, stepsPerSecond: rounded(covered.weakest.stepsPerSecond) },
    missing: [...covered.missing],
    isEmbeddingHosted: covered.embeddingHosts > 0,
    isHeadHosted: covered.headHosts > 0,
    numericKinds: kinds
      .slice(0, httpApiLimits.modelsMax)
      .map(({ kind, peers, isComplete }) => ({ kind, peers, isComplete })),
    peers: serving.length,
    sessions: sessionCount(hosts, own),
    tokensPerSecond: tokenRate(hosts, own),
  };
  return { state, covered };
}

/** What the hops name; of peers that do not tell, what the hosts of the embedding say they have. */
function sessionCount(hosts: readonly ObservedPeer[], own: readonly JoinedSession[]): number {
  const counts = hosts
    .filter(({ record, isServing }) => isServing && record.ends.embedding)
    .map(({ status, record }) => (status ?? record).sessions);
  const announced = counts.reduce((sum, count) => sum + count, 0);
  const areAllHeard = hosts.every(
    ({ status }) => status !== null && status.sessions === status.sessionList.length,
  );
  return areAllHeard ? own.length : Math.max(own.length, announced);
}

/** Where the head is, each token is counted once; it may be at a peer that does not tell. */
function tokenRate(hosts: readonly ObservedPeer[], own: readonly JoinedSession[]): number {
  const atHeads = hosts.reduce((sum, { rates }) => sum + (rates?.tokens ?? 0), 0);
  const ofSessions = own.reduce((sum, session) => sum + sessionRate(session, session.id), 0);
  return rounded(Math.max(atHeads, ofSessions));
}

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let [best = 0] = values;
  for (const [value, count] of counts) if (count > (counts.get(best) ?? 0)) best = value;
  return best;
}
