import type { SkeinNode } from '@skein/client/network';
import { createSessionId, type PeerId } from '@skein/protocol';
import { expect, it } from 'vitest';
import { SuccessorLink } from '../../src/session/successor-link.js';

/** A link to a peer that is cut off: the dial goes on and on. */
function linkIntoNowhere(): SuccessorLink {
  const dialling: Partial<SkeinNode> = { openChannel: () => new Promise<never>(() => {}) };
  return new SuccessorLink({
    node: dialling as SkeinNode,
    clock: { now: () => 0, schedule: () => () => {} },
    session: createSessionId(),
    epoch: 0,
    peer: 'nobody' as PeerId,
    multiaddrs: [],
    onFailure: () => {},
  });
}

it('holds nobody up once it is closed, though its dial has not ended', async () => {
  const link = linkIntoNowhere();
  const output = { type: 'step', step: 0, epoch: 0, position: 0, rows: 1, trace: [] } as const;
  let isHeldUp = true;
  const wait = link.send({ ...output, trace: [] }, [])?.then(() => {
    isHeldUp = false;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isHeldUp).toBe(true);
  // The client passes the outputs on from now on.
  link.close();
  await wait;
  expect(isHeldUp).toBe(false);
});
