import { abortAfter, type PeerId, SkeinError, toSkeinError } from '@skein/protocol';
import type { Random } from '../clock.js';
import { sample } from './choose-neighbours.js';
import type { Remote, SkeinNode } from './contracts.js';

/** Members that are asked for a snapshot at the same time; the first answer is enough. */
const askedAtOnce = 3;
/** Members that are tried before giving up, or before the DHT is asked. */
const triedMax = 12;
/**
 * The DHT's first answers come in a fraction of a second, its last in many. Where a member has
 * answered that it knows nobody with the model, there is hardly anybody to wait for.
 */
const dhtMsMax = 10_000;
const dhtMsMaxAfterAnswer = 1_000;

/** Options of {@link findMembers}. */
export interface FindMembersOptions {
  readonly node: SkeinNode;
  readonly bootstrap: readonly string[];
  /** Filled in with the peers that answer at the bootstrap addresses. */
  readonly bootstrapPeers: Map<string, PeerId>;
  readonly random: Random;
  /** Those to ask, as far as known. */
  members(): Remote[];
  /** Whether the table holds what is sought. */
  hasModel(): boolean;
  exchange(remote: Remote, signal: AbortSignal | undefined): Promise<void>;
  readonly modelName?: string;
  readonly signal?: AbortSignal;
}

/**
 * Fills the table from members: those known or behind the bootstrap addresses first, then those
 * that the DHT names for the model. Finding nobody is no error: this may be the first member.
 *
 * @throws SkeinError `peer-unreachable` when there are bootstrap addresses, none of which answers,
 *   and nobody else is known; `aborted`
 */
export async function findMembers(options: FindMembersOptions): Promise<void> {
  const failure = await connectBootstrap(options);
  const isAnswered = await askKnown(options);
  if (options.hasModel() || options.signal?.aborted) return throwIfAborted(options.signal);
  await askProviders(options, isAnswered ? dhtMsMaxAfterAnswer : dhtMsMax);
  throwIfAborted(options.signal);
  if (!options.hasModel() && failure !== null && options.node.connectedPeers.length === 0) {
    throw failure;
  }
}

/** Waits for the first bootstrap node to answer; returns why none did. */
async function connectBootstrap(options: FindMembersOptions): Promise<SkeinError | null> {
  const { node, bootstrap, bootstrapPeers, signal } = options;
  if (bootstrap.length === 0) return null;
  const connected = new Set(node.connectedPeers);
  const attempts = bootstrap.map(async (address) => {
    const known = bootstrapPeers.get(address);
    if (known !== undefined && connected.has(known)) return;
    const peer = await node.connect([address], signal === undefined ? {} : { signal });
    if (peer !== node.peer) bootstrapPeers.set(address, peer);
  });
  try {
    await Promise.any(attempts);
    return null;
  } catch (error) {
    const first = error instanceof AggregateError ? error.errors[0] : error;
    const why = toSkeinError(first, 'peer-unreachable');
    return new SkeinError('peer-unreachable', `no bootstrap node answers: ${why.message}`, {
      cause: error,
    });
  }
}

/** Returns whether anybody answered. */
async function askKnown(options: FindMembersOptions): Promise<boolean> {
  const connected = new Set<string>(options.node.connectedPeers);
  const members = sample(options.members(), triedMax, options.random);
  members.sort(
    (left, right) => Number(connected.has(right.peer)) - Number(connected.has(left.peer)),
  );
  for (let start = 0; start < members.length; start += askedAtOnce) {
    const asked = members.slice(start, start + askedAtOnce);
    const attempts = asked.map((remote) => options.exchange(remote, options.signal));
    if (await hasAnswer(attempts)) return true;
    if (options.signal?.aborted) return false;
  }
  return false;
}

async function askProviders(options: FindMembersOptions, timeMsMax: number): Promise<void> {
  const { node, modelName, signal } = options;
  if (modelName === undefined || node.connectedPeers.length === 0) return;
  const limited = abortAfter(timeMsMax, signal);
  let tried = 0;
  try {
    for await (const remote of node.findTopic(modelName, { signal: limited })) {
      tried += 1;
      await hasAnswer([options.exchange(remote, limited)]);
      if (options.hasModel() || tried === triedMax) return;
    }
  } catch {
    // The query ended without an answer: nobody is found.
  }
}

/** Settles at the first success. */
async function hasAnswer(attempts: readonly Promise<void>[]): Promise<boolean> {
  return Promise.any(attempts).then(
    () => true,
    () => false,
  );
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw toSkeinError(signal.reason, 'aborted');
}
