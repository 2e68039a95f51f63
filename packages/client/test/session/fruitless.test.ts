import type { TokenId } from '@skein/protocol';
import { expect, it } from 'vitest';
import { settle } from '../support/test-clock.js';
import { prompt, setUp } from '../support/toy-session.js';

it('gives up when the route breaks at the same token again and again', async () => {
  const { swarm, clock, session } = setUp();
  // Every peer of the range refuses the same step for ever.
  for (const name of ['b1', 'b2']) {
    const { rules } = swarm.peer(name);
    for (let time = 0; time < 100; time += 1) {
      rules.push(({ position, isReplay }) =>
        !isReplay && position >= 8 ? { code: 'position-mismatch' } : null,
      );
    }
  }
  await expect(settle(clock, session.extend(prompt as TokenId[]))).rejects.toMatchObject({
    code: 'no-route',
    message: expect.stringContaining('again and again at token 8'),
  });
  await settle(clock, session.close());
  expect(swarm.openSessions).toBe(0);
});
