import {
  createSessionId,
  type Engine,
  type SessionId,
  type StepItem,
  spanLength,
} from '@skein/protocol';

/** What an engine did, in one round of a kind of work. */
export interface BlockTiming {
  readonly what: 'decode' | 'decode-together' | 'prefill';
  /** Sessions at once. */
  readonly sessions: number;
  /** Tokens that one step computes. */
  readonly tokens: number;
  /** The engine's own time, without queue and pipe. */
  readonly computeMs: number;
  /** From call to answer. */
  readonly elapsedMs: number;
}

const decodeSteps = 16;
const togetherSessions = 8;
const prefillRowsMax = 128;
/** Tokens before those that are decoded. */
const contextRows = 16;

/** One round: a prefill, then single tokens of one session, then of several at once. */
export async function measureBlocks(engine: Engine): Promise<BlockTiming[]> {
  const { kvTokensMax, config } = engine.info;
  const room = Math.min(config.contextLength, Math.floor(kvTokensMax / togetherSessions));
  const rows = Math.min(prefillRowsMax, room);
  const steps = Math.max(1, Math.min(decodeSteps, room - contextRows));
  const prefill = await withSessions(engine, 1, (sessions) => time(engine, sessions, rows));
  const decode = async (count: number) =>
    await withSessions(engine, count, async (sessions) => {
      await time(engine, sessions, Math.min(contextRows, room - 1));
      const timings: Timing[] = [];
      for (let step = 0; step < steps; step++) timings.push(await time(engine, sessions, 1));
      return fastest(timings);
    });
  const [single, together] = [await decode(1), await decode(togetherSessions)];
  return [
    { what: 'prefill', sessions: 1, tokens: rows, ...prefill },
    { what: 'decode', sessions: 1, tokens: 1, ...single },
    { what: 'decode-together', sessions: togetherSessions, tokens: togetherSessions, ...together },
  ];
}

/** Tokens times blocks a second. */
export function blockTokensPerSecond(engine: Engine, timing: BlockTiming): number {
  return (timing.tokens * spanLength(engine.info.span) * 1000) / timing.elapsedMs;
}

type Timing = Pick<BlockTiming, 'computeMs' | 'elapsedMs'>;

/** Other programs only ever add to the time. */
function fastest(timings: readonly Timing[]): Timing {
  return timings.reduce((best, each) => (each.elapsedMs < best.elapsedMs ? each : best));
}

async function withSessions<Result>(
  engine: Engine,
  count: number,
  use: (sessions: readonly SessionId[]) => Promise<Result>,
): Promise<Result> {
  const sessions = Array.from({ length: count }, () => createSessionId());
  const { span } = engine.info;
  const ends = { embedding: false, head: false };
  try {
    for (const session of sessions) engine.openSession(session, { span, ends });
    return await use(sessions);
  } finally {
    for (const session of sessions) engine.closeSession(session);
  }
}

async function time(engine: Engine, sessions: readonly SessionId[], rows: number): Promise<Timing> {
  const { hiddenSize } = engine.info.config;
  const bytes = new Uint8Array(hiddenRows(rows * hiddenSize).buffer);
  const items = sessions.map(
    (session): StepItem => ({
      session,
      position: engine.length(session),
      rows,
      input: { kind: 'hidden', type: 'f32', bytes },
      output: { kind: 'hidden', type: 'f32' },
    }),
  );
  const startedAt = performance.now();
  const { outcomes, computeUs } = await engine.step(items);
  const elapsedMs = performance.now() - startedAt;
  for (const outcome of outcomes) if (!outcome.ok) throw outcome.error;
  return { computeMs: computeUs / 1000, elapsedMs };
}

/** Their values do not matter. */
function hiddenRows(elements: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: elements }, (_, index) => Math.sin(index) / 2);
}
