import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Durations, durationsBetween } from '@skein/protocol';
import { historyAnswerSchema, type ModelState } from '@skein/protocol/http-api';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { History } from '../../src/observer/history/history.js';
import { LevelHistoryStore } from '../../src/observer/history/level-history-store.js';
import { TestClock } from '../support/test-clock.js';
import { model } from './support/peers.js';

const otherModel = 'cd'.repeat(32);
let folder = '';
let clock = new TestClock();
/** A whole quarter of an hour, so that stretches begin with it. */
const beginMs = 900_000 * 2_000_000;
const warnings: string[] = [];

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'skein history ')), 'history');
  clock = new TestClock();
  warnings.length = 0;
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

function open(store?: LevelHistoryStore): History {
  return new History({
    clock,
    wallClock: () => beginMs + clock.now(),
    ...(store === undefined ? {} : { store }),
    onWarning: (message) => warnings.push(message),
  });
}

function state(hash: string, fields: Partial<ModelState> = {}): ModelState {
  return {
    hash,
    name: 'tiny',
    health: 'healthy',
    headline: '',
    blockCount: 8,
    hiddenSize: 64,
    contextLength: 512,
    coverage: [],
    weakest: { block: 3, peers: 2, stepsPerSecond: 1 },
    missing: [],
    isEmbeddingHosted: true,
    isHeadHosted: true,
    numericKinds: [],
    peers: 4,
    sessions: 3,
    tokensPerSecond: 50,
    ...fields,
  };
}

function step(ms: number, count: number): number[] {
  const durations = new Durations();
  for (let index = 0; index < count; index += 1) durations.add(ms);
  return durationsBetween([], durations.counts());
}

/** The last values of a series. */
function last(history: History, range: 'hour' | 'day' | 'week', count = 1) {
  const answer = historyAnswerSchema.parse(history.answer(model, range));
  return Object.fromEntries(
    Object.entries(answer.series).map(([name, values]) => [name, values.slice(-count)]),
  );
}

describe('history', () => {
  it('derives each point of what its stretch of time held', async () => {
    const history = open();
    history.addRound([state(model)]);
    clock.advance(2_000);
    history.addProgress(model as never, { relinks: 1, step: step(20, 99), firstToken: [] });
    history.addProgress(model as never, {
      relinks: 0,
      step: step(300, 1),
      firstToken: step(80, 1),
    });
    history.addRound([
      state(model, { sessions: 1, weakest: null, missing: [{ start: 0, end: 1 }] }),
    ]);
    expect(last(history, 'hour')).toEqual({
      tokensPerSecond: [50],
      coverageMin: [0],
      sessions: [1],
      peers: [4],
      reroutes: [1],
      firstTokenMsP50: [expect.closeTo(80, -1.6)],
      firstTokenMsP99: [expect.closeTo(80, -1.6)],
      stepMsP50: [expect.closeTo(20, -1)],
      stepMsP99: [expect.closeTo(20, -1)],
    });
  });

  it('keeps an hour in 10 seconds, a day in 2 minutes, a week in quarters of an hour', async () => {
    const history = open();
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      history.addRound([state(model, { tokensPerSecond: minute < 12 * 60 ? 10 : 30 })]);
      clock.advance(60_000);
    }
    for (const [range, points] of [
      ['hour', 360],
      ['day', 720],
      ['week', 672],
    ] as const) {
      const { atMs, series, resolutionMs } = historyAnswerSchema.parse(
        history.answer(model, range),
      );
      expect(atMs).toHaveLength(points);
      expect((atMs[1] as number) - (atMs[0] as number)).toBe(resolutionMs);
      expect(series.tokensPerSecond).toHaveLength(points);
    }
    const day = historyAnswerSchema.parse(history.answer(model, 'day')).series.tokensPerSecond;
    expect(day.at(-2)).toBe(30);
    expect(day[100]).toBe(10);
    const week = historyAnswerSchema.parse(history.answer(model, 'week')).series.tokensPerSecond;
    // Before it began nothing is known, which is not the same as nothing.
    expect(week[0]).toBeNull();
    expect(week.at(-2)).toBe(30);
  });

  it('of all models adds up, and takes the weakest coverage', async () => {
    const history = open();
    const both = [state(model), state(otherModel, { peers: 1, weakest: null, sessions: 5 })];
    history.addRound(both);
    clock.advance(2_000);
    history.addRound(both);
    const { series } = historyAnswerSchema.parse(history.answer(null, 'hour'));
    expect(series.tokensPerSecond.at(-1)).toBe(100);
    expect(series.sessions.at(-1)).toBe(8);
    expect(series.peers.at(-1)).toBe(5);
    expect(series.coverageMin.at(-1)).toBe(0);
    expect(history.answer('ef'.repeat(32), 'hour')).toBeNull();
  });

  it('survives a restart to the last stretch, with a gap where nobody watched', async () => {
    const first = open(new LevelHistoryStore(folder));
    await first.start();
    first.addRound([state(model)]);
    clock.advance(4_000);
    first.addRound([state(model)]);
    const before = last(first, 'day');
    await first.stop();
    clock.advance(60_000);

    const second = open(new LevelHistoryStore(folder));
    await second.start();
    expect(last(second, 'day')).toEqual(before);
    const [old, ...gap] = last(second, 'hour', 7).tokensPerSecond as (number | null)[];
    expect(old).toBe(50);
    expect(gap).toEqual([null, null, null, null, null, null]);
    // The stretch of two minutes goes on where it was, and is not begun again.
    second.addRound([state(model)]);
    clock.advance(4_000);
    second.addRound([state(model, { tokensPerSecond: 150 })]);
    expect(last(second, 'day').tokensPerSecond).toEqual([100]);
    await second.stop();
    expect(warnings).toEqual([]);
  });

  it('drops on disk what is too old', async () => {
    const first = open(new LevelHistoryStore(folder));
    await first.start();
    first.addRound([state(model)]);
    await first.stop();
    clock.advance(8 * 86_400_000);
    const second = open(new LevelHistoryStore(folder));
    await second.start();
    expect(second.answer(model, 'week')).toBeNull();
    second.addRound([state(otherModel)]);
    await second.stop();
    const level = new ClassicLevel<string, unknown>(folder, { valueEncoding: 'json' });
    const keys = await level.keys().all();
    await level.close();
    expect(keys.length).toBe(3);
    expect(keys.every((key) => key.includes(otherModel))).toBe(true);
  });

  it.each<[string, () => void]>([
    ['names a file that is missing', () => writeFileSync(join(folder, 'CURRENT'), 'MANIFEST-9\n')],
    [
      'has rubbish for a list of files',
      () => {
        const manifest = readdirSync(folder).find((name) => name.startsWith('MANIFEST'));
        writeFileSync(join(folder, manifest ?? ''), 'rubbish '.repeat(100));
      },
    ],
  ])('puts a store that %s aside with a word, and begins anew', async (_name, damage) => {
    const first = open(new LevelHistoryStore(folder));
    await first.start();
    first.addRound([state(model)]);
    await first.stop();
    damage();
    const second = open(new LevelHistoryStore(folder));
    await second.start();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/is damaged. It was moved to .*\.damaged-\d+; a new one begins/);
    second.addRound([state(model)]);
    await second.stop();
    expect(warnings).toHaveLength(1);
  });

  it('says once that the disk is full, and writes when there is room again', async (context) => {
    mkdirSync(folder);
    // Only root may mount, and only Linux has tmpfs.
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder]);
    if (mount.status !== 0) context.skip('cannot mount a small disk here');
    try {
      const history = open(new LevelHistoryStore(folder));
      await history.start();
      const filler = join(folder, 'filler');
      // Rounds follow each other until a write has failed.
      const fill = async (isEnough: () => boolean, roundsMax = 100) => {
        for (let round = 0; round < roundsMax && !isEnough(); round += 1) {
          history.addRound([state(model, { tokensPerSecond: round })]);
          clock.fireNext();
          await history.written();
        }
      };
      await history.written();
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k', 'count=1024']);
      await fill(() => warnings.length > 0);
      expect(warnings).toEqual([
        `History cannot be written, and is in memory only: no space is left on the disk of ${folder}`,
      ]);
      await fill(() => false, 5);
      expect(warnings).toHaveLength(1);
      rmSync(filler);
      await fill(() => warnings.length > 1);
      expect(warnings[1]).toBe('History is written again.');
      const before = last(history, 'week');
      await history.stop();
      const second = open(new LevelHistoryStore(folder));
      await second.start();
      expect(last(second, 'week')).toEqual(before);
      await second.stop();
    } finally {
      spawnSync('umount', [folder]);
    }
  });

  it('goes on in memory where another process has the store', async () => {
    const first = open(new LevelHistoryStore(folder));
    await first.start();
    const second = open(new LevelHistoryStore(folder));
    await second.start();
    expect(warnings).toEqual([
      `History is in memory only, and is lost when this ends: another process writes the history in ${folder}`,
    ]);
    second.addRound([state(model)]);
    expect(last(second, 'hour').peers).toEqual([4]);
    await second.stop();
    await first.stop();
  });

  it('passes over entries that make no sense', async () => {
    const level = new ClassicLevel<string, unknown>(folder, { valueEncoding: 'json' });
    await level.put(`v1/hour/${model}/0180000000`, { watchedMs: -1 });
    await level.put('nonsense', 'at all');
    await level.close();
    const history = open(new LevelHistoryStore(folder));
    await history.start();
    expect(warnings).toEqual([`2 entries of the history in ${folder} make no sense.`]);
    await history.stop();
  });
});
