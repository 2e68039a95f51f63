import { limits, SkeinError, type TokenId } from '@skein/protocol';
import { fromBase64url, toBase64url } from './base64url.js';
import {
  type AnswerSettings,
  type OpenAnswer,
  type ResumeHeader,
  type ResumeState,
  resumeHeaderSchema,
  stepRunsMax,
} from './resume-state.js';

/**
 * A resume token is `skein-resume-1.` and, in base64url: a checksum and the header's length (both
 * 32 bits, little-endian), the header as JSON, and three bytes for each token of the context.
 */
const prefix = 'skein-resume-1.';
const fixedBytes = 8;
const tokenBytes = 3;
const headerBytesMax = 1024 * 1024;
/** The longest context, and the largest header. */
const charactersMax =
  prefix.length +
  Math.ceil((4 * (fixedBytes + headerBytesMax + tokenBytes * limits.contextLengthMax)) / 3);

/** Writes a state down as text. It holds the whole conversation in the clear, and no key. */
export function encodeResumeToken(state: ResumeState): string {
  const { model, tokens, stepEnds, answer, session } = state;
  const header: ResumeHeader = {
    model,
    tokens: tokens.length,
    stepRuns: stepEnds === null ? null : toRuns(stepEnds),
    answer: isWritable(answer)
      ? { start: answer.start, settings: writeSettings(answer.settings) }
      : null,
    session,
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(fixedBytes + json.length + tokenBytes * tokens.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, json.length, true);
  bytes.set(json, fixedBytes);
  let offset = fixedBytes + json.length;
  for (const token of tokens) {
    view.setUint16(offset, token & 0xffff, true);
    view.setUint8(offset + 2, token >>> 16);
    offset += tokenBytes;
  }
  view.setUint32(0, checksum(bytes.subarray(4)), true);
  return prefix + toBase64url(bytes);
}

/**
 * Reads a token, which may come from anybody.
 * @throws SkeinError `bad-argument` that says what is wrong with it
 */
export function parseResumeToken(text: string): ResumeState {
  if (typeof text !== 'string' || !text.startsWith(prefix)) {
    const isOther = typeof text === 'string' && text.startsWith('skein-resume-');
    throw refuse(isOther ? 'it is of another version' : `it does not begin with ${prefix}`);
  }
  if (text.length > charactersMax) throw refuse(`it has ${text.length} characters`);
  const bytes = fromBase64url(text.slice(prefix.length));
  if (bytes === null || bytes.length < fixedBytes) throw refuse('it was cut, or changed');
  const view = new DataView(bytes.buffer);
  const headerEnd = fixedBytes + view.getUint32(4, true);
  if (view.getUint32(0, true) !== checksum(bytes.subarray(4)) || headerEnd > bytes.length) {
    throw refuse('it was cut, or changed');
  }
  const header = parseHeader(bytes.subarray(fixedBytes, headerEnd));
  if (bytes.length - headerEnd !== tokenBytes * header.tokens) throw refuse('tokens are missing');
  const tokens = Array.from({ length: header.tokens }, (_, index) => {
    const offset = headerEnd + tokenBytes * index;
    return (view.getUint16(offset, true) + view.getUint8(offset + 2) * 0x1_0000) as TokenId;
  });
  return toState(header, tokens);
}

function parseHeader(bytes: Uint8Array): ResumeHeader {
  if (bytes.length > headerBytesMax) throw refuse('its header is too long');
  try {
    return resumeHeaderSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw refuse('its header makes no sense', cause);
  }
}

function toState(header: ResumeHeader, tokens: readonly TokenId[]): ResumeState {
  const { model, stepRuns, answer, session } = header;
  const stepEnds = stepRuns === null ? null : fromRuns(stepRuns, tokens.length);
  if (answer !== null && answer.start > tokens.length) throw refuse('its answer begins too late');
  return {
    model: model as ResumeState['model'],
    tokens,
    stepEnds,
    answer: answer && { start: answer.start, settings: readSettings(answer.settings) },
    session: defined(session) as ResumeState['session'],
  };
}

/** Null when there are too many runs. */
function toRuns(stepEnds: readonly number[]): [rows: number, steps: number][] | null {
  const runs: [number, number][] = [];
  let before = 0;
  for (const end of stepEnds) {
    const last = runs.at(-1);
    if (last?.[0] === end - before) last[1] += 1;
    else runs.push([end - before, 1]);
    before = end;
  }
  return runs.length > stepRunsMax ? null : runs;
}

function fromRuns(runs: readonly (readonly [number, number])[], length: number): number[] {
  const stepEnds: number[] = [];
  let end = 0;
  for (const [rows, steps] of runs) {
    if (end + rows * steps > length) throw refuse('its steps go beyond its tokens');
    for (let step = 0; step < steps; step += 1) {
      end += rows;
      stepEnds.push(end);
    }
  }
  return stepEnds;
}

/** A grammar of the caller's own is no JSON: an answer under one cannot be gone on with elsewhere. */
function isWritable(answer: ResumeState['answer']): answer is OpenAnswer {
  return answer !== null && answer.settings.responseFormat?.type !== 'grammar';
}

type WrittenSettings = NonNullable<ResumeHeader['answer']>['settings'];

/** Only what the next token depends on: callers may have given more. */
function writeSettings(settings: AnswerSettings): WrittenSettings {
  const { seed, maxTokens, temperature, topK, topP, minP, ignoreEos, stop, logitBias } = settings;
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = settings;
  const { responseFormat, tools, toolChoice, parallelToolCalls } = settings;
  return {
    seed,
    maxTokens,
    temperature,
    topK,
    topP,
    minP,
    repetitionPenalty,
    presencePenalty,
    frequencyPenalty,
    ignoreEos,
    responseFormat: responseFormat as WrittenSettings['responseFormat'],
    tools: tools as WrittenSettings['tools'],
    toolChoice,
    parallelToolCalls,
    stop: stop && [...stop],
    logitBias: logitBias && [...logitBias],
  };
}

function readSettings({ logitBias, ...settings }: WrittenSettings): AnswerSettings {
  const pairs = logitBias as [TokenId, number][] | undefined;
  const bias = pairs === undefined ? {} : { logitBias: new Map(pairs) };
  return { ...(defined(settings) as AnswerSettings), ...bias };
}

/** Without the fields that are undefined, which is not the same as absent. */
function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** FNV-1a: tells a token that was cut or mistyped, and nothing more. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function refuse(why: string, cause?: unknown): SkeinError {
  const options = cause === undefined ? {} : { cause };
  return new SkeinError('bad-argument', `this is no resume token: ${why}`, options);
}
