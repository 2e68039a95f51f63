import { logitsRow, randomFor, type SamplingSettings, sample } from '@skein/client/sampling';
import {
  bytesOf,
  type Logits,
  limits,
  type ModelConfig,
  type StepMessage,
  type Tensor,
  type TokenId,
} from '@skein/protocol';
import type { HopSession } from './hop-session.js';
import type { OutgoingStep } from './outgoing.js';
import type { SuccessorLink } from './successor-link.js';

/** How far a last hop goes on without its client, and how. */
export interface RunAhead {
  /** No step begins at this position or later. */
  to: number;
  readonly settings: SamplingSettings;
  readonly seed: number;
  /** Leads to the first hop; null when this hop is the first. */
  readonly loop: SuccessorLink | null;
}

const noHistory = { seen: new Set<TokenId>(), generatedCounts: new Map<TokenId, number>() };

/**
 * The token that the session goes on with after a step, before the client says so; null when that is
 * the client's business. The client draws by the same rules from the same numbers, so it will agree.
 *
 * @param session after the step: its length is the position of the token
 * @throws SkeinError `bad-output` for logits that no engine should give
 */
export function drawAhead(
  session: HopSession,
  message: StepMessage,
  { logits, config }: { readonly logits: Logits; readonly config: ModelConfig },
): TokenId | null {
  const { ahead, length, open } = session;
  if (ahead === null || message.logits !== 'last') return null;
  if (length >= Math.min(ahead.to, open.tokensMax) || session.queuedSteps > 0) return null;
  // Until the first hop is known to be in reach, tokens go by way of the client.
  if (ahead.loop?.isAttached === false) return null;
  // A longer row takes a while to draw from, and others wait for this process.
  if (logits.width > limits.topKMax) return null;
  const { settings, seed } = ahead;
  const result = sample({
    row: logitsRow(logits, { rowIndex: 0, vocabSize: config.vocabSize }),
    settings,
    history: noHistory,
    random: randomFor(settings, seed, length),
  });
  // Most generations end with an end token; those that do not are rare enough to wait.
  if (result.kind !== 'token' || config.eosTokenIds.includes(result.token)) return null;
  return result.token;
}

/** The step that follows another one with a token. */
export function stepAfter(
  { step, epoch, topK }: StepMessage,
  position: number,
  token: TokenId,
): { readonly message: OutgoingStep; readonly tensor: Tensor } {
  const message: OutgoingStep = {
    type: 'step',
    step: step + 1,
    epoch,
    position,
    rows: 1,
    logits: 'last',
    trace: [],
  };
  if (topK !== undefined) message.topK = topK;
  return { message, tensor: { type: 'i32', shape: [1], bytes: bytesOf(Int32Array.of(token)) } };
}
