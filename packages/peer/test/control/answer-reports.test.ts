import type { SkeinNode } from '@skein/client/network';
import {
  limits,
  type PeerId,
  type ReportMessage,
  type ReportRequest,
  reportAnswerSchema,
  reportProtocol,
  verifySignedStatus,
} from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { reportLimits } from '../../src/control/report-limits.js';
import { Cleanup, until } from '../support/cleanup.js';
import { startNode } from '../support/swarm.js';
import { type Reporter, startReporter } from './support/reporters.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A stream to a reporter, and what came over it. */
async function askOver(reporter: Reporter, node?: SkeinNode) {
  const asker = node ?? (await startNode(cleanup, 'tcp'));
  const parts: ReportMessage[] = [];
  const errors: string[] = [];
  let isOpen = true;
  const channel = await asker.openChannel<typeof reportAnswerSchema, ReportRequest>(
    { peer: reporter.node.peer, multiaddrs: reporter.node.multiaddrs },
    reportProtocol,
    reportAnswerSchema,
    () => ({
      onMessage: ({ message }) => {
        if (message.type === 'report') parts.push(message);
        else errors.push(message.code);
      },
      onClose: () => {
        isOpen = false;
      },
    }),
    {},
  );
  const ask = async (peers: readonly PeerId[]) => {
    const before = parts.length;
    void channel.send({ type: 'report-request', peers: [...peers] });
    await until(() => parts.slice(before).some(({ isLast }) => isLast) || !isOpen);
    const told = parts.slice(before);
    return {
      statuses: told.flatMap(({ statuses }) => statuses),
      gaps: new Map(told.flatMap(({ gaps }) => gaps)),
    };
  };
  return { asker, ask, errors, isOpen: () => isOpen };
}

/** Somebody who is not there. */
const nobody = (index: number) =>
  `12D3KooW${String.fromCharCode(65 + (index % 8)).repeat(40)}${'ABCDEFGHJK'[index % 10]}${'ABCDEFGHJK'[Math.floor(index / 10) % 10]}xy` as PeerId;

describe('a reporter', () => {
  it('passes on what others signed, as it is', async () => {
    const reporter = await startReporter(cleanup, 'reporter');
    const anser = await startReporter(cleanup, 'anser');
    const brant = await startReporter(cleanup, 'brant');
    reporter.know(anser, brant);
    const { ask } = await askOver(reporter);
    const { statuses, gaps } = await ask([anser.node.peer, brant.node.peer]);
    expect(gaps.size).toBe(0);
    for (const [peer, ageMs, bytes] of statuses) {
      const { status } = await verifySignedStatus(bytes, { peer, now: Date.now() });
      expect(status.device).toBe(peer === anser.node.peer ? 'anser' : 'brant');
      expect(ageMs).toBeLessThan(reportLimits.reuseMs);
    }
    expect(statuses).toHaveLength(2);
  });

  it('asks once for all who want to know, and one stream serves many questions', async () => {
    const [reporter, anser] = [
      await startReporter(cleanup, 'reporter'),
      await startReporter(cleanup, 'anser'),
    ];
    reporter.know(anser);
    const askers = await Promise.all([1, 2, 3].map(() => askOver(reporter)));
    const names = [anser.node.peer];
    const answers = await Promise.all(askers.map(({ ask }) => ask(names)));
    answers.push(...(await Promise.all(askers.map(({ ask }) => ask(names)))));
    const all = answers.flatMap(({ statuses }) => statuses.map(([, , bytes]) => bytes));
    expect(all).toHaveLength(6);
    expect(anser.described).toBe(1);
    expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(1);
  });

  it('dials nobody whom it has no record of, not even itself', async () => {
    const [reporter, anser] = [
      await startReporter(cleanup, 'reporter'),
      await startReporter(cleanup, 'anser'),
    ];
    const { ask } = await askOver(reporter);
    const names = [anser.node.peer, reporter.node.peer, nobody(1)];
    const { statuses, gaps } = await ask(names);
    expect(statuses).toEqual([]);
    expect([...gaps.values()]).toEqual(['unknown', 'unknown', 'unknown']);
    expect(anser.node.connectedPeers).toEqual([]);
  });

  it('tells who keeps silent, who does not sign, and who was not asked yet', async () => {
    const reporter = await startReporter(cleanup, 'reporter');
    const gone = await startReporter(cleanup, 'gone');
    const old = await startReporter(cleanup, 'old', { isOld: true });
    const frozen = await startReporter(cleanup, 'frozen');
    frozen.isFrozen = true;
    reporter.know(gone, old, frozen);
    await gone.node.stop();
    const { ask } = await askOver(reporter);
    const [first, second, third] = [gone, old, frozen].map(({ node }) => node.peer) as [
      PeerId,
      PeerId,
      PeerId,
    ];
    const { gaps } = await ask([first, second, third]);
    expect(gaps.get(first)).toBe('silent');
    expect(gaps.get(second)).toBe('unsupported');
    expect(['silent', 'later']).toContain(gaps.get(third));
    // It is said again, without being tried again.
    const askedAtMs = performance.now();
    expect((await ask([first, second, third])).gaps.get(third)).toBe('silent');
    expect(performance.now() - askedAtMs).toBeLessThan(reportLimits.answerMs / 2);
  });

  it('answers so many names of one asker, and puts off the rest', async () => {
    const [reporter, anser] = [
      await startReporter(cleanup, 'reporter'),
      await startReporter(cleanup, 'anser'),
    ];
    reporter.know(anser);
    const { ask } = await askOver(reporter);
    const names = Array.from({ length: limits.reportPeersMax }, (_, index) => nobody(index));
    expect(new Set(names).size).toBe(names.length);
    let late = 0;
    for (let asked = 0; asked < 4 * reportLimits.namesAtOnceMax; asked += names.length) {
      const { gaps } = await ask(names);
      late += [...gaps.values()].filter((gap) => gap === 'later').length;
    }
    expect(late).toBeGreaterThan(reportLimits.namesAtOnceMax);
    // Another one is served all the same.
    const other = await askOver(reporter);
    expect((await other.ask([anser.node.peer])).statuses).toHaveLength(1);
  });

  it('refuses questions with too many names, and with what is none', async () => {
    const reporter = await startReporter(cleanup, 'reporter');
    const tooMany = Array.from({ length: limits.reportPeersMax + 1 }, (_, index) => nobody(index));
    for (const names of [tooMany, [], ['/ip4/127.0.0.1/tcp/22' as PeerId]]) {
      const { ask, errors, isOpen } = await askOver(reporter);
      expect(await ask(names)).toEqual({ statuses: [], gaps: new Map() });
      expect(errors).toEqual(['bad-message']);
      expect(isOpen()).toBe(false);
    }
  });

  it('answers one asker over so many streams', async () => {
    const reporter = await startReporter(cleanup, 'reporter');
    const { asker, ...first } = await askOver(reporter);
    const others = [];
    for (let count = 1; count < reportLimits.streamsPerAskerMax; count += 1) {
      others.push(await askOver(reporter, asker));
    }
    for (const { ask } of [first, ...others]) expect((await ask([nobody(1)])).gaps.size).toBe(1);
    const tooMany = await askOver(reporter, asker);
    await tooMany.ask([nobody(1)]);
    expect(tooMany.errors).toEqual(['busy']);
    expect((await first.ask([nobody(1)])).gaps.size).toBe(1);
  });

  it('keeps lines to so many, and asks the others later', async () => {
    const reporter = await startReporter(cleanup, 'reporter');
    // Addresses at which nobody listens.
    const names = Array.from({ length: reportLimits.linesMax + 8 }, (_, index) => nobody(index));
    reporter.knowAddresses(names.map((name) => [name, ['/ip4/127.0.0.1/tcp/1']]));
    const { ask } = await askOver(reporter);
    await ask(names.slice(0, 36));
    const { gaps } = await ask(names.slice(36));
    expect([...gaps.values()].slice(-8)).toEqual(Array(8).fill('later'));
  });
});
