import { expect, it } from 'vitest';
import { settle } from '../support/test-clock.js';
import { expected, failAt, generate, reroutesOf, setUp } from '../support/toy-session.js';

it('drops results of an older epoch, and blames nobody for them', async () => {
  const { swarm, clock, events, session } = setUp();
  const { openChannel } = swarm.node;
  swarm.node.openChannel = (remote, protocol, schema, accept, options) =>
    openChannel(
      remote,
      protocol,
      schema,
      (channel) => {
        const handlers = accept(channel);
        return {
          ...handlers,
          onMessage: (received) => {
            const message = received.message as { type: string; epoch?: number };
            if (message.type === 'result' && message.epoch !== undefined && message.epoch > 0) {
              // What the dead route may have had under way: the same step, another position.
              const late = { ...message, epoch: message.epoch - 1, position: 7777 };
              void handlers.onMessage({ ...received, message: late } as typeof received);
            }
            return handlers.onMessage(received);
          },
        };
      },
      options,
    );
  swarm.peer('b1').rules.push(failAt(25, 'kill'));
  expect(await settle(clock, generate(session))).toEqual(expected);
  expect(reroutesOf(events)).toMatchObject([{ lostPeer: swarm.peer('b1').peer }]);
});
