import {
  createSessionId,
  type Engine,
  type HiddenType,
  isSkeinError,
  limits,
  type SessionId,
  type SessionUse,
  type StepItem,
} from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenF32,
  noOutput,
  openSession,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import type { EngineUnderTest } from './engine-under-test.js';

const golden = readGolden('llama2-f32');
const token = Int32Array.of(5);

/** What became of one step item: `ok`, or the code of its error. */
async function codeOf(engine: Engine, item: StepItem): Promise<string> {
  try {
    const [outcome] = (await engine.step([item])).outcomes;
    if (outcome?.ok === true) return 'ok';
    return isSkeinError(outcome?.error) ? outcome.error.code : 'untyped';
  } catch (error) {
    return isSkeinError(error) ? error.code : 'untyped';
  }
}

/** Lends an engine, and sees to it that nothing is left on it: it may be lent again. */
async function lendTidily(
  subject: EngineUnderTest,
  use: (engine: Engine, sessions: { open(use?: SessionUse): SessionId }) => Promise<void>,
): Promise<void> {
  await subject.lend(exactOptions(golden), async (engine) => {
    const opened: SessionId[] = [];
    const open = (wanted: SessionUse = engine.info) => {
      const session = openSession(engine, wanted);
      opened.push(session);
      return session;
    };
    await use(engine, { open });
    for (const session of opened) engine.closeSession(session);
    expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax);
  });
}

/** Whatever breaks the contract is refused with a typed error, and changes nothing. */
export function describeRefusals(subject: EngineUnderTest): void {
  describe('the contract', () => {
    const never = null as never;
    const tokens = (values: Int32Array) => ({ kind: 'tokens', tokens: values }) as const;
    const rows = (bytes: number, type: HiddenType = 'f32') =>
      ({ kind: 'hidden', type, bytes: new Uint8Array(bytes) }) as const;
    const logits = (topK: number) => ({ kind: 'logits', rows: 'last', topK }) as const;

    it.each<[string, Partial<StepItem>, string]>([
      ['another position', { position: 1 }, 'position-mismatch'],
      ['a negative position', { position: -1 }, 'bad-argument'],
      ['a position between two', { position: 0.5 }, 'bad-argument'],
      ['no position', { position: Number.NaN }, 'bad-argument'],
      ['a position without end', { position: Number.POSITIVE_INFINITY }, 'bad-argument'],
      ['no rows', { rows: 0 }, 'bad-argument'],
      ['other rows than tokens', { rows: 2 }, 'bad-argument'],
      ['half a row', { rows: 0.5 }, 'bad-argument'],
      ['more rows than a step has', { rows: limits.stepRowsMax + 1 }, 'limit-exceeded'],
      ['a token beyond the vocabulary', { input: tokens(Int32Array.of(1e6)) }, 'bad-argument'],
      ['a negative token', { input: tokens(Int32Array.of(-1)) }, 'bad-argument'],
      ['bytes that are no rows', { input: rows(7) }, 'bad-argument'],
      ['rows of another type', { input: rows(256, 'f16') }, 'bad-argument'],
      ['rows of no type', { input: rows(256, 'constructor' as HiddenType) }, 'bad-argument'],
      [
        'outputs of no type',
        { output: { kind: 'hidden', type: 'toString' as HiddenType } },
        'bad-argument',
      ],
      ['half a candidate', { output: logits(0.5) }, 'bad-argument'],
      ['fewer candidates than none', { output: logits(-1) }, 'bad-argument'],
      ['too many candidates', { output: logits(limits.topKMax + 1) }, 'limit-exceeded'],
      [
        'logits of other rows',
        { output: { ...fullLogits('last'), rows: 'f32' as 'last' } },
        'bad-argument',
      ],
      ['another kind of output', { output: { kind: 'text' as 'none' } }, 'bad-argument'],
      ['no input', { input: never }, 'bad-argument'],
      ['a list for tokens', { input: tokens([5] as never) }, 'bad-argument'],
      ['an unknown session', { session: createSessionId() }, 'session-unknown'],
      ['no session', { session: never }, 'bad-argument'],
      ['a name without end', { session: 'x'.repeat(2_000_000) as SessionId }, 'bad-argument'],
    ])('refuses %s', async (_what, changes, code) => {
      await lendTidily(subject, async (engine, sessions) => {
        const session = sessions.open();
        const item = createItem(engine, session, token, noOutput);
        expect(await codeOf(engine, { ...item, ...changes })).toBe(code);
        expect(engine.length(session)).toBe(0);
        expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax);
        expect(await codeOf(engine, item)).toBe('ok');
      });
    });

    it('refuses steps that are no lists, and lists without end', async () => {
      await lendTidily(subject, async (engine, sessions) => {
        const item = createItem(engine, sessions.open(), token, noOutput);
        const none = engine.step(never);
        await expect(none).rejects.toMatchObject({ code: 'bad-argument' });
        const many = engine.step(new Array<StepItem>(100_000).fill(item));
        await expect(many).rejects.toMatchObject({ code: 'limit-exceeded' });
        expect(await codeOf(engine, item)).toBe('ok');
      });
    });

    it.each<[string, Partial<SessionUse>, string]>([
      ['blocks that it does not have', { span: { start: 0, end: 99 } }, 'not-hosting'],
      ['blocks in reverse', { span: { start: 2, end: 1 } }, 'not-hosting'],
      ['parts of blocks', { span: { start: 0, end: 0.5 } }, 'not-hosting'],
      ['no blocks', { span: never }, 'bad-argument'],
      ['no ends', { ends: never }, 'bad-argument'],
      ['a list of precisions', { residualType: ['f32'] as never }, 'bad-argument'],
      ['a precision that is none', { residualType: 'int8' as HiddenType }, 'bad-argument'],
      [
        'a precision of another name',
        { residualType: 'constructor' as HiddenType },
        'bad-argument',
      ],
    ])('opens no session on %s', async (_what, changes, code) => {
      await lendTidily(subject, async (engine) => {
        const session = createSessionId();
        const open = () => engine.openSession(session, { ...engine.info, ...changes });
        expect(open).toThrow(expect.objectContaining({ code }));
        expect(() => engine.length(session)).toThrow('no session');
      });
    });

    it('opens a session once, and under a proper name', async () => {
      await lendTidily(subject, async (engine, sessions) => {
        const session = sessions.open();
        const again = () => engine.openSession(session, engine.info);
        expect(again).toThrow(expect.objectContaining({ code: 'session-exists' }));
        const nameless = () => engine.openSession('me' as SessionId, engine.info);
        expect(nameless).toThrow(expect.objectContaining({ code: 'bad-argument' }));
        engine.closeSession(createSessionId());
        engine.closeSession(never);
      });
    });

    it('keeps to the blocks and ends of a session', async () => {
      const part = { span: { start: 1, end: 2 }, ends: { embedding: false, head: false } };
      await lendTidily(subject, async (engine, sessions) => {
        const session = sessions.open(part);
        const item = createItem(engine, session, token, hiddenF32);
        expect(await codeOf(engine, item)).toBe('bad-argument');
        const row = { type: 'f32', bytes: new Uint8Array(4 * golden.hiddenSize) } as const;
        const scored = createItem(engine, session, row, fullLogits('last'));
        expect(await codeOf(engine, scored)).toBe('bad-argument');
        const range = { block: 0, start: 0, end: 0 };
        await expect(engine.exportKv(session, range)).rejects.toMatchObject({
          code: 'bad-argument',
        });
      });
    });

    it('refuses calls on sessions that are closed', async () => {
      await lendTidily(subject, async (engine, sessions) => {
        const session = sessions.open();
        await run(engine, createItem(engine, session, token, noOutput));
        const chunk = await engine.exportKv(session, { block: 0, start: 0, end: 1 });
        engine.closeSession(session);
        const calls = [
          engine.truncate(session, 0),
          engine.setLength(session, 0),
          engine.exportKv(session, { block: 0, start: 0, end: 1 }),
          engine.importKv(session, chunk),
        ];
        for (const { status, ...rest } of await Promise.allSettled(calls)) {
          expect(status).toBe('rejected');
          expect(rest).toMatchObject({ reason: { code: 'session-unknown' } });
        }
      });
    });
  });
}
