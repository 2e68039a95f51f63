import type { SeededRandom } from '../world/seeded-random.js';
import {
  type Fault,
  type FaultMoment,
  type LinkEnd,
  linkFaultKinds,
  peerFaultKinds,
  triggerTypes,
} from './fault-types.js';

/** The faults of a run, none of which concerns a safe peer or the way from a client to one. */
export function drawFaults(
  random: SeededRandom,
  options: {
    count: number;
    isSafe: readonly boolean[];
    clientCount: number;
    kinds?: readonly Fault['kind'][];
  },
): Fault[] {
  const unsafe = options.isSafe.flatMap((isSafe, index) => (isSafe ? [] : [index]));
  if (unsafe.length === 0) return [];
  // Some runs have faults of few kinds only, which then meet each other.
  const isWanted = (kind: Fault['kind']) => options.kinds?.includes(kind) ?? true;
  const peerKinds = random
    .shuffled(peerFaultKinds)
    .slice(0, random.integer(1, peerFaultKinds.length));
  const linkKinds = random
    .shuffled(linkFaultKinds)
    .slice(0, random.integer(1, linkFaultKinds.length));
  if (options.kinds !== undefined) {
    peerKinds.splice(0, peerKinds.length, ...peerFaultKinds.filter(isWanted));
    linkKinds.splice(0, linkKinds.length, ...linkFaultKinds.filter(isWanted));
  }
  return Array.from({ length: options.count }, (): Fault => {
    const base = {
      ...drawMoment(random),
      durationMs: random.logarithmic(300, 40_000),
      strength: random.next(),
    };
    const dice = random.next();
    const isOnlyClients = peerKinds.length + linkKinds.length === 0;
    if (isOnlyClients || (dice < 0.02 && isWanted('client-crash'))) {
      const client = random.integer(0, options.clientCount - 1);
      return { ...base, on: 'client', kind: 'client-crash', client };
    }
    if (peerKinds.length === 0 || (dice < 0.3 && linkKinds.length > 0)) {
      const first: LinkEnd = { kind: 'peer', index: random.pick(unsafe) };
      const ends = [first, drawOtherEnd(random, options, first)] as const;
      return { ...base, on: 'link', kind: random.pick(linkKinds), ends };
    }
    const peer = base.message !== null && random.chance(0.7) ? null : random.pick(unsafe);
    return { ...base, on: 'peer', kind: random.pick(peerKinds), peer };
  });
}

function drawMoment(random: SeededRandom): FaultMoment {
  const atMs = random.between(3000, 40_000);
  if (random.chance(0.5)) return { atMs, message: null };
  return { atMs, message: { type: random.pick(triggerTypes), nth: random.integer(1, 12) } };
}

function drawOtherEnd(
  random: SeededRandom,
  options: { isSafe: readonly boolean[]; clientCount: number },
  first: LinkEnd,
): LinkEnd {
  if (random.chance(0.5))
    return { kind: 'client', index: random.integer(0, options.clientCount - 1) };
  const index = random.integer(0, options.isSafe.length - 1);
  if (index === first.index) return { kind: 'client', index: 0 };
  return { kind: 'peer', index };
}
