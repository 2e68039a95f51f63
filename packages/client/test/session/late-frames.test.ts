import { expect, it } from 'vitest';
import { settle } from '../support/test-clock.js';
import { expected, failAt, generate, reroutesOf, setUp } from '../support/toy-session.js';

interface SeenMessage {
  readonly type: string;
  readonly epoch: number;
}

/** Puts a message of the same hop before each that carries an epoch, where `forge` makes one. */
function interject(
  { node }: ReturnType<typeof setUp>['swarm'],
  forge: (message: SeenMessage, peer: string) => object | null,
): void {
  const { openChannel } = node;
  node.openChannel = (remote, protocol, schema, accept, options) =>
    openChannel(
      remote,
      protocol,
      schema,
      (channel) => {
        const handlers = accept(channel);
        return {
          ...handlers,
          onMessage: (received) => {
            const message = received.message as Partial<SeenMessage>;
            const { type = '', epoch } = message;
            const forged =
              epoch === undefined ? null : forge({ ...message, type, epoch }, remote.peer);
            if (forged !== null) {
              void handlers.onMessage({ ...received, message: forged } as typeof received);
            }
            return handlers.onMessage(received);
          },
        };
      },
      options,
    );
}

it('drops results of an older epoch, and blames nobody for them', async () => {
  const { swarm, clock, events, session } = setUp();
  interject(swarm, (message) => {
    if (message.type !== 'result' || message.epoch === 0) return null;
    // What the dead route may have had under way: the same step, another position.
    return { ...message, epoch: message.epoch - 1, position: 7777 };
  });
  swarm.peer('b1').rules.push(failAt(25, 'kill'));
  expect(await settle(clock, generate(session))).toEqual(expected);
  expect(reroutesOf(events)).toMatchObject([{ lostPeer: swarm.peer('b1').peer }]);
});

// Seen with real processes: the hop before a killed peer tries it once more between the two messages that
// tell of the new epoch and of the new successor, and was given up for it, although nobody else had its blocks.
it('blames no hop for a successor of before', async () => {
  const { swarm, clock, events, session } = setUp();
  const [first, killed] = [swarm.peer('a1').peer, swarm.peer('b1').peer];
  let stale = 0;
  interject(swarm, ({ type, epoch }, peer) => {
    if (peer !== first || type !== 'truncated') return null;
    stale += 1;
    const error = { type: 'error', code: 'peer-unreachable', message: 'connection refused' };
    return { ...error, step: 0, epoch, about: killed };
  });
  swarm.peer('b1').rules.push(failAt(25, 'kill'));
  expect(await settle(clock, generate(session))).toEqual(expected);
  expect(reroutesOf(events)).toMatchObject([{ lostPeer: killed }]);
  expect(stale).toBeGreaterThan(0);
});
