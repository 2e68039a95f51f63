import {
  createSessionId,
  type EngineInfo,
  type HiddenType,
  type KvChunk,
  kvByteLength,
  kvTypes,
  type SessionId,
  type SessionUse,
  type StepItem,
} from '@skein/protocol';
import {
  type Draw,
  hostileBytes,
  hostileNames,
  hostileNumbers,
  hostileObjects,
  hostileSessions,
} from './hostile-values.js';

/** One call of the contract. Hostile ones break its types as well. */
export type Call =
  | { readonly name: 'open'; readonly session: SessionId; readonly use: SessionUse }
  | { readonly name: 'close' | 'length'; readonly session: SessionId }
  | { readonly name: 'step'; readonly items: readonly StepItem[] }
  | {
      readonly name: 'truncate' | 'set-length';
      readonly session: SessionId;
      readonly value: number;
    }
  | { readonly name: 'export'; readonly session: SessionId; readonly range: KvRange }
  | { readonly name: 'import'; readonly session: SessionId; readonly chunk: KvChunk };

interface KvRange {
  readonly block: number;
  readonly start: number;
  readonly end: number;
}

/** A session as far as the callers know it. */
export interface KnownSession {
  readonly use: SessionUse;
  length: number;
}

/** What the calls are drawn for. */
export interface Scene {
  readonly draw: Draw;
  readonly info: EngineInfo;
  readonly sessions: ReadonlyMap<SessionId, KnownSession>;
  /** Pieces of caches that came out earlier. */
  readonly chunks: readonly KvChunk[];
}

const hiddenTypes: readonly HiddenType[] = ['f32', 'f16', 'bf16'];
const sessionsWanted = 12;
const hostileShare = 0.3;

/** The next call: mostly one that could be meant, often with a field that could not. */
export function drawCall(scene: Scene): Call {
  const { draw, sessions } = scene;
  const isShort = sessions.size < sessionsWanted;
  const name = draw.oneOf<Call['name']>([
    ...(isShort ? (['open', 'open', 'open'] as const) : []),
    ...(['open', 'close', 'length', 'step', 'step', 'step', 'step', 'step', 'truncate'] as const),
    ...(['set-length', 'export', 'import', 'import'] as const),
  ]);
  const call = drawPlain(scene, name);
  return draw.chance(hostileShare) ? spoilt(draw, call) : call;
}

function drawPlain(scene: Scene, name: Call['name']): Call {
  const { draw, info } = scene;
  const session = name === 'open' ? createSessionId() : anySession(scene);
  const length = scene.sessions.get(session)?.length ?? 3;
  switch (name) {
    case 'open':
      return { name, session, use: drawUse(scene) };
    case 'close':
    case 'length':
      return { name, session };
    case 'step': {
      const count = draw.chance(0.02) ? draw.below(80) : 1 + draw.below(4);
      return { name, items: Array.from({ length: count }, () => drawItem(scene)) };
    }
    case 'truncate':
      return { name, session, value: draw.below(length + 2) };
    case 'set-length':
      return { name, session, value: draw.below(length + 4) };
    case 'export': {
      const start = draw.below(length + 1);
      const end = Math.min(length, start + draw.below(8));
      return { name, session, range: { block: draw.below(info.config.blockCount), start, end } };
    }
    case 'import':
      return { name, session, chunk: drawChunk(scene, length) };
  }
}

function anySession({ draw, sessions }: Scene): SessionId {
  if (sessions.size === 0 || draw.chance(0.02)) return createSessionId();
  return draw.oneOf([...sessions.keys()]);
}

function drawUse({ draw, info }: Scene): SessionUse {
  const { blockCount } = info.config;
  const isWhole = draw.chance(0.6);
  const [first, second] = [draw.below(blockCount + 1), draw.below(blockCount + 1)];
  const span = { start: Math.min(first, second), end: Math.max(first, second) };
  return {
    span: isWhole ? info.span : span,
    ends: isWhole ? info.ends : { embedding: draw.chance(0.5), head: draw.chance(0.5) },
    residualType: draw.oneOf(hiddenTypes),
  };
}

function drawItem(scene: Scene): StepItem {
  const { draw, info } = scene;
  const { vocabSize, hiddenSize } = info.config;
  const session = anySession(scene);
  const known = scene.sessions.get(session);
  const rows = draw.chance(0.01) ? 1 + draw.below(200) : 1 + draw.below(draw.chance(0.2) ? 12 : 2);
  const isTokens = known?.use.ends.embedding === true && known.use.span.start === 0;
  const type = draw.oneOf(hiddenTypes);
  const hasHead = known?.use.ends.head === true && known.use.span.end === info.config.blockCount;
  const topK = draw.chance(0.2) ? 0 : 1 + draw.below(8);
  const hidden = { kind: 'hidden', type: draw.oneOf(hiddenTypes) } as const;
  const logits = { kind: 'logits', rows: draw.oneOf(['last', 'all'] as const), topK } as const;
  return {
    session,
    position: known?.length ?? 0,
    rows,
    input: isTokens
      ? {
          kind: 'tokens',
          tokens: Int32Array.from({ length: rows }, () => draw.below(vocabSize)),
        }
      : {
          kind: 'hidden',
          type,
          bytes: draw.bytes(rows * hiddenSize * (type === 'f32' ? 4 : 2)),
        },
    output: draw.oneOf([{ kind: 'none' }, hidden, hasHead ? logits : hidden]),
  };
}

function drawChunk({ draw, info, chunks }: Scene, length: number): KvChunk {
  if (chunks.length > 0 && draw.chance(0.5)) {
    const chunk = draw.oneOf(chunks);
    return draw.chance(0.5) ? chunk : { ...chunk, position: draw.below(length + 2) };
  }
  const count = 1 + draw.below(6);
  const type = draw.oneOf(kvTypes);
  const { kvHeadCount, headDim, blockCount } = info.config;
  const bytes = Math.ceil(kvByteLength(type, count * kvHeadCount * headDim));
  return {
    block: draw.below(blockCount),
    position: draw.below(length + 2),
    count,
    type,
    keys: draw.bytes(bytes),
    values: draw.bytes(bytes),
  };
}

/** The call with one field that no caller could mean. */
function spoilt(draw: Draw, call: Call): Call {
  if (call.name === 'step') {
    if (draw.chance(0.03)) return { ...call, items: draw.oneOf(hostileObjects) as never };
    const place = draw.below(call.items.length);
    const items = call.items.map((item, index) =>
      index === place ? spoiltItem(draw, item) : item,
    );
    return { ...call, items };
  }
  const session = { ...call, session: draw.oneOf(hostileSessions) as SessionId };
  switch (call.name) {
    case 'open':
      return draw.chance(0.2) ? session : { ...call, use: spoiltUse(draw, call.use) };
    case 'close':
    case 'length':
      return session;
    case 'truncate':
    case 'set-length':
      return { ...call, value: draw.oneOf(hostileNumbers) as number };
    case 'export':
      return {
        ...call,
        range: spoiltField(draw, call.range, {
          block: hostileNumbers,
          start: hostileNumbers,
          end: hostileNumbers,
        }),
      };
    case 'import':
      return {
        ...call,
        chunk: spoiltField(draw, call.chunk, {
          block: hostileNumbers,
          position: hostileNumbers,
          count: hostileNumbers,
          type: hostileNames,
          keys: hostileBytes,
          values: hostileBytes,
        }),
      };
  }
}

function spoiltUse(draw: Draw, use: SessionUse): SessionUse {
  const bounds = { start: hostileNumbers, end: hostileNumbers };
  if (draw.chance(0.5)) return { ...use, span: spoiltField(draw, use.span, bounds) };
  return spoiltField(draw, use, {
    span: hostileObjects,
    ends: hostileObjects,
    residualType: hostileNames.filter((name) => name !== undefined),
  });
}

function spoiltItem(draw: Draw, item: StepItem): StepItem {
  if (draw.chance(0.2)) {
    const tokens = { kind: 'tokens', tokens: Int32Array.of(draw.oneOf([-1, 2 ** 30, -(2 ** 31)])) };
    return { ...item, rows: 1, input: tokens as StepItem['input'] };
  }
  if (draw.chance(0.3)) {
    const input = spoiltField(draw, item.input as Readonly<Record<string, unknown>>, {
      kind: hostileNames,
      type: hostileNames,
      tokens: hostileBytes,
      bytes: hostileBytes,
    });
    return { ...item, input: input as unknown as StepItem['input'] };
  }
  if (draw.chance(0.3)) {
    const output = spoiltField(draw, item.output as Readonly<Record<string, unknown>>, {
      kind: hostileNames,
      type: hostileNames,
      rows: hostileNames,
      topK: hostileNumbers,
    });
    return { ...item, output: output as unknown as StepItem['output'] };
  }
  return spoiltField(draw, item, {
    session: hostileSessions,
    position: hostileNumbers,
    rows: hostileNumbers,
    input: hostileObjects,
    output: hostileObjects,
  });
}

/** A copy in which one of the fields has one of its hostile values. */
function spoiltField<Fields extends object>(
  draw: Draw,
  fields: Fields,
  hostile: Readonly<Record<string, readonly unknown[]>>,
): Fields {
  const key = draw.oneOf(Object.keys(hostile));
  return { ...fields, [key]: draw.oneOf(hostile[key] ?? []) };
}
