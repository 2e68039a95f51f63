import { describe, expect, it } from 'vitest';
import { describeSessions } from '../../src/observer/describe/describe-sessions.js';
import { joinSessions } from '../../src/observer/describe/join-sessions.js';
import { SessionBook } from '../../src/observer/watch/session-book.js';
import { observed, peerId, sessionPart, statusOf } from './support/peers.js';

const front = { start: 0, end: 4 };
const back = { start: 4, end: 8 };

function hop(name: string, span: typeof front, next: string | null, fields = {}) {
  const to = next === null ? null : peerId(next);
  return observed(name, span, {
    sessionList: [sessionPart('5e55', { span, next: to, ...fields })],
  });
}

describe('sessions put together', () => {
  it('follow the successors that the hops name', () => {
    const [session] = joinSessions([hop('brant', back, null), hop('anser', front, 'brant')]);
    expect(session?.isWhole).toBe(true);
    expect(session?.hops.map(({ peer }) => peer.name)).toEqual(['anser', 'brant']);
  });

  it('leave out who only stands by', () => {
    const peers = [
      hop('anser', front, 'brant'),
      hop('brant', back, null),
      hop('standby', back, null, { idleMs: 400 }),
    ];
    const [session] = joinSessions(peers);
    expect(session?.hops.map(({ peer }) => peer.name)).toEqual(['anser', 'brant']);
  });

  it('go on behind an edge that the client relays', () => {
    const [session] = joinSessions([hop('anser', front, null), hop('brant', back, null)]);
    expect(session?.isWhole).toBe(true);
  });

  it('are not whole while a hop was not heard', () => {
    const [session] = joinSessions([hop('anser', front, 'brant')]);
    expect(session?.isWhole).toBe(false);
  });

  it('end where hostile peers name each other in a circle', () => {
    const peers = [hop('anser', front, 'loop'), hop('loop', { start: 4, end: 4 }, 'loop')];
    expect(joinSessions(peers)[0]?.isWhole).toBe(false);
  });

  it('count the changes of their route, and no others', () => {
    const book = new SessionBook();
    const before = [hop('anser', front, 'brant'), hop('brant', back, null)];
    const half = [hop('anser', front, 'crane')];
    const after = [hop('anser', front, 'crane'), hop('crane', back, null)];
    for (const peers of [before, before, half, after, after]) book.look(joinSessions(peers));
    expect(book.reroutes('5e55'.padEnd(16, '0'))).toBe(1);
    book.look([]);
    book.look(joinSessions(after));
    expect(book.reroutes('5e55'.padEnd(16, '0'))).toBe(0);
  });

  it('have edges with what flows over them, and distances as the peers see them', () => {
    const anser = hop('anser', front, 'brant');
    const brant = hop('brant', back, null);
    const parts = (decoded: number) => [
      sessionPart('5e55', { span: front, next: peerId('brant'), decoded }),
    ];
    anser.answer(statusOf(anser.record, { sessionList: parts(5) }), 1_000);
    anser.answer(
      statusOf(anser.record, {
        sessionList: parts(45),
        neighbours: [
          { peer: peerId('brant'), roundTripMs: 12 },
          { peer: peerId('nobody'), roundTripMs: 1 },
        ],
      }),
      3_000,
    );
    const peers = [anser, brant];
    const { sessions, edges } = describeSessions(joinSessions(peers), peers, () => 2);
    expect(sessions[0]).toMatchObject({ tokensPerSecond: 20, reroutes: 2, isWhole: true });
    expect(edges).toEqual([
      {
        from: peerId('anser'),
        to: peerId('brant'),
        roundTripMs: 12,
        sessions: 1,
        tokensPerSecond: 20,
      },
    ]);
  });
});
