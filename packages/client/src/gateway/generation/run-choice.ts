import { isSkeinError } from '@skein/protocol';
import type { SkeinClient } from '../../client/client.js';
import type { ScoredToken } from '../../score/index.js';
import type { FairQueue } from '../admission/fair-queue.js';
import { gatewayLimits } from '../gateway-limits.js';
import type { Lease, LeaseRequest, SessionPool } from '../sessions/session-pool.js';
import { checkContext } from './check-context.js';
import { ChoiceAnswer } from './choice-answer.js';
import type { Caller, ChoiceEvent, GenerationRequest } from './generation-request.js';
import { watchRoute } from './watch-route.js';

/** Collaborators of {@link runChoice}. */
export interface ChoiceServices {
  readonly client: SkeinClient;
  readonly queue: FairQueue;
  readonly pool: SessionPool;
}

/** One answer to one prompt. */
export interface ChoiceTask {
  readonly request: GenerationRequest;
  readonly caller: Caller;
  readonly choice: number;
  readonly lease: LeaseRequest;
  readonly seed: number | undefined;
  /** Called once it runs, with the tokens of the prompt that were computed already. */
  readonly onStarted: (reusedTokens: number) => void;
  /** Called for each token, shown or not. */
  readonly onToken: () => void;
  readonly onReroute: () => void;
}

/**
 * Waits for its turn, generates on a session of the pool, and gives both back. Whoever leaves the
 * loop, aborts, or fails has the session ended on all peers.
 */
export async function* runChoice(
  services: ChoiceServices,
  task: ChoiceTask,
): AsyncGenerator<ChoiceEvent, void, undefined> {
  const { queue, pool } = services;
  const { caller, lease: wanted } = task;
  const placesMax = caller.key.concurrent ?? gatewayLimits.concurrencyMax;
  const leave = await queue.acquire(caller.key.name, { placesMax, signal: wanted.signal });
  try {
    let hasBegun = false;
    const scoredPrompt = task.request.scoresPrompt ? await scorePrompt(services, task) : undefined;
    for (;;) {
      const lease = await pool.take(wanted);
      let isKept = false;
      try {
        for await (const event of generate(services, task, lease)) {
          const isFirst = !hasBegun && event.type === 'token' && scoredPrompt !== undefined;
          hasBegun = true;
          isKept = event.type === 'end';
          yield isFirst ? { ...event, scoredPrompt } : event;
        }
        return;
      } catch (error) {
        // Kept sessions may hold the very caches that this one lacks.
        const isWorthAnotherTry = !hasBegun && mayLackRoom(error) && (await pool.dropAll()) > 0;
        if (!isWorthAnotherTry) throw error;
      } finally {
        if (isKept) pool.giveBack(lease);
        else await pool.discard(lease);
      }
    }
  } finally {
    leave();
  }
}

/** The prompt is computed once more: its generation may have been spared a part of it. */
async function scorePrompt(
  { client, pool }: ChoiceServices,
  { request, lease }: ChoiceTask,
): Promise<readonly ScoredToken[]> {
  const { model, tokens, signal } = lease;
  const topLogits = request.topLogProbabilities ?? 0;
  const score = () => client.score({ model, tokens, topLogits, signal });
  try {
    return (await score()).tokens;
  } catch (error) {
    if (!mayLackRoom(error) || (await pool.dropAll()) === 0) throw error;
    return (await score()).tokens;
  }
}

async function* generate(
  { pool }: ChoiceServices,
  task: ChoiceTask,
  { conversation, reusedTokens }: Lease,
): AsyncGenerator<ChoiceEvent, void, undefined> {
  const { request, choice, lease, seed } = task;
  const { tokensMax } = conversation;
  const contextLength = Math.min(tokensMax, request.contextMax ?? tokensMax);
  checkContext(lease.tokens, { maxTokens: request.maxTokens, contextLength });
  const { model } = conversation;
  const answer = new ChoiceAnswer(choice, model, request);
  const events = conversation.generate({
    ...request.sampling,
    ...request.tools,
    ...(seed !== undefined && { seed }),
    promptTokens: lease.tokens.slice(reusedTokens),
    maxTokens: request.maxTokens ?? contextLength - lease.tokens.length,
    stop: request.stop,
    ignoreEos: request.ignoreEos,
    responseFormat: request.format.format,
    logits: request.topLogProbabilities ?? 0,
    signal: lease.signal,
  });
  const watched = watchRoute(conversation, events, (news) => request.onRoute?.(news, choice));
  let hasRoute = false;
  for await (const event of watched) {
    if (!hasRoute) task.onStarted(reusedTokens);
    hasRoute = true;
    const shown = answer.take(event);
    if (event.type === 'token') task.onToken();
    else if (event.type === 'reroute') task.onReroute();
    else if (event.type === 'waiting') await pool.dropAll();
    if (shown !== null) yield shown;
  }
}

function mayLackRoom(error: unknown): boolean {
  return isSkeinError(error) && ['no-route', 'kv-full', 'busy'].includes(error.code);
}
