import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { settle } from '../support/test-clock.js';
import { failAt, prompt, setUp } from '../support/toy-session.js';

const tokens = prompt.slice(0, -1) as TokenId[];
const targets = prompt.slice(1) as TokenId[];

describe('targets', () => {
  it('tell the logits of given tokens, whether or not they are among the best', async () => {
    const { session, clock } = setUp();
    const full = await settle(clock, session.extend(tokens, { logits: 'all' }));
    await session.truncate(0);
    const told = await settle(clock, session.extend(tokens, { logits: 'all', topK: 1, targets }));
    const expected = targets.map(
      (token, row) => full?.logits[row * session.model.vocabSize + token],
    );
    expect([...(told?.targetLogits ?? [])]).toEqual(expected);
    expect(told?.width).toBe(1);
    expect(told?.logNormalisers).toEqual(full?.logNormalisers);
  });

  it('are asked for again where a hop was lost, each once', async () => {
    const { session, clock, swarm } = setUp();
    const options = { logits: 'all', topK: 1, targets } as const;
    const expected = await settle(clock, session.extend(tokens, options));
    await session.truncate(0);
    swarm.peer('b1').rules.push(failAt(9, 'kill'));
    const told = await settle(clock, session.extend(tokens, options));
    expect(told).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it('must be tokens, one for each', async () => {
    const { session } = setUp();
    const bad = [
      { logits: 'last', targets },
      { logits: 'all', targets: targets.slice(1) },
      { logits: 'all', targets: targets.map(() => 50 as TokenId) },
    ] as const;
    for (const options of bad) {
      await expect(session.extend(tokens, options)).rejects.toMatchObject({ code: 'bad-argument' });
    }
  });
});
