import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { sessionLimits } from '../../src/session/session-limits.js';
import { idle, settle } from '../support/test-clock.js';
import { argmax, toyGreedy } from '../support/toy-model.js';
import { model, prompt, reroutesOf, setUp } from '../support/toy-session.js';

const count = 60;
const expected = toyGreedy(model, prompt, count);

/** What this client measured of a peer over other sessions. */
function measure(
  { swarm, view }: Pick<ReturnType<typeof setUp>, 'swarm' | 'view'>,
  name: string,
  blockMs: number,
): void {
  const { peer, record } = swarm.peer(name);
  const { span } = record.body;
  const blockCount = span.end - span.start;
  view.measurements.addRoundTrip(peer, 2);
  for (let step = 0; step < 20; step += 1) {
    view.measurements.addStep(peer, {
      rows: 1,
      queueMs: 0,
      computeMs: blockMs * blockCount,
      blockCount,
    });
  }
}

/** Generates; before the token `at`, b1 has become slow, and it is time to look around. */
async function generateWith(
  parts: ReturnType<typeof setUp>,
  options: { at?: number; onToken?: (index: number) => void } = {},
): Promise<number[]> {
  const { clock, session } = parts;
  const tokens: number[] = [];
  let next: readonly number[] = prompt;
  while (tokens.length < count) {
    if (tokens.length === (options.at ?? 30)) {
      for (const name of ['a1', 'c1', 'a2', 'b2', 'c2']) measure(parts, name, 1);
      measure(parts, 'b1', 500);
      clock.advance(sessionLimits.improveEveryMs);
    }
    const logits = await settle(clock, session.extend(next as TokenId[]));
    const token = argmax(logits?.logits as Float32Array);
    options.onToken?.(tokens.length);
    tokens.push(token);
    next = [token];
    await idle();
  }
  return tokens;
}

describe('a session on a route that became slow', () => {
  it('moves to a better hop without a change in its tokens', async () => {
    const parts = setUp();
    const { swarm, clock, events, session } = parts;
    expect(await generateWith(parts)).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    expect(reroutesOf(events)).toMatchObject([
      {
        kind: 'improved',
        reason: 'improved',
        lostPeer: swarm.peer('b1').peer,
        newPeers: [swarm.peer('b2').peer],
        span: { start: 2, end: 4 },
      },
    ]);
    // The old hop is closed, nobody is banned.
    expect(swarm.peer('b1').hops.size).toBe(0);
    expect(parts.view.bans.isBanned(swarm.peer('b1').peer)).toBe(false);
    expect(swarm.openSessions).toBe(3);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('stays when there is not enough left to win', async () => {
    const parts = setUp(undefined, { tokensMax: prompt.length + count });
    expect(await generateWith(parts, { at: count - 1 })).toEqual(expected);
    expect(reroutesOf(parts.events)).toEqual([]);
  });

  it('stays when the better peer cannot be opened', async () => {
    const parts = setUp();
    const { swarm, clock, events, session } = parts;
    const tokens = await generateWith(parts, {
      onToken: (index) => {
        if (index === 29) swarm.peer('b2').kill();
      },
    });
    expect(tokens).toEqual(expected);
    expect(reroutesOf(events)).toEqual([]);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it.each(['b1', 'a1', 'b2'])('survives that %s dies while it moves', async (victim) => {
    const parts = setUp();
    const { swarm, clock, session } = parts;
    swarm.peer('b2').rules.push(({ isReplay, position }) => {
      if (!isReplay || position < 10) return null;
      if (victim === 'b2') return 'kill';
      swarm.peer(victim).kill();
      return null;
    });
    expect(await generateWith(parts)).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('frees what it had prepared when it is closed', async () => {
    const parts = setUp();
    const { swarm, clock, session } = parts;
    await settle(clock, session.extend(prompt as unknown as TokenId[]));
    for (let step = 0; step < 40; step += 1) {
      await settle(clock, session.extend([1 as TokenId]));
    }
    for (const name of ['a1', 'c1', 'a2', 'b2', 'c2']) measure(parts, name, 1);
    measure(parts, 'b1', 500);
    clock.advance(sessionLimits.improveEveryMs);
    await settle(clock, session.extend([1 as TokenId]));
    await idle();
    expect(swarm.peer('b2').hops.size).toBe(1);
    await settle(clock, session.close());
    await idle();
    expect(swarm.openSessions).toBe(0);
  });
});
