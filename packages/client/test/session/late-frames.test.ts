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

// Seen with real processes: the hop before a killed peer tries it once more between the two messages that
// tell of the new epoch and of the new successor, and was given up for it, although nobody else had its blocks.
it('blames no hop for a successor of before', async () => {
  const { swarm, clock, events, session } = setUp();
  const { openChannel } = swarm.node;
  const [first, killed] = [swarm.peer('a1').peer, swarm.peer('b1').peer];
  let stale = 0;
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
            const { epoch } = message;
            if (remote.peer === first && message.type === 'truncated' && epoch !== undefined) {
              const error = {
                type: 'error',
                code: 'peer-unreachable',
                message: 'connection refused',
              };
              const late = { ...error, step: 0, epoch, about: killed };
              stale += 1;
              void handlers.onMessage({ ...received, message: late } as unknown as typeof received);
            }
            return handlers.onMessage(received);
          },
        };
      },
      options,
    );
  swarm.peer('b1').rules.push(failAt(25, 'kill'));
  expect(await settle(clock, generate(session))).toEqual(expected);
  expect(reroutesOf(events)).toMatchObject([{ lostPeer: killed }]);
  expect(stale).toBeGreaterThan(0);
});
