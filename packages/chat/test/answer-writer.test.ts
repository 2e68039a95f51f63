import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reroute } from '../src/api/route-news.js';
import { parseRouteNews } from '../src/api/route-news.js';
import { type Answer, emptyAnswer } from '../src/conversations/conversation.js';
import { AnswerWriter, describeReroute } from '../src/state/answer-writer.js';

const names = new Map([
  ['id-heron', 'heron'],
  ['id-teal', 'teal'],
]);

const reroute: Reroute = {
  kind: 'replaced',
  reason: 'stream-closed',
  lostPeer: 'id-heron',
  newPeers: ['id-teal'],
  start: 4,
  end: 8,
  recoveryMs: 312,
  rebuiltTokens: 80,
};

describe('describeReroute', () => {
  it.each([
    [{}, 'heron was lost; teal took blocks 4–7 after 312 ms.'],
    [{ kind: 'standby' }, 'heron was lost; teal stood by for blocks 4–7 (312 ms).'],
    [{ kind: 'handed-over', end: 5 }, 'heron left, and handed block 4 to teal.'],
    [{ kind: 'improved' }, 'teal is faster than heron and took blocks 4–7.'],
    [{ newPeers: ['a-peer-without-a-name'] }, 'heron was lost; t-a-name took'],
    [{ newPeers: [] }, 'heron was lost; another peer took'],
  ])('says %j in words', (change, text) => {
    expect(describeReroute({ ...reroute, ...change }, names)).toContain(text);
  });
});

describe('AnswerWriter', () => {
  let answer: Answer;
  let writer: AnswerWriter;
  beforeEach(() => {
    vi.useFakeTimers();
    answer = emptyAnswer('toy');
    writer = new AnswerWriter((change) => {
      answer = change(answer);
    });
  });
  afterEach(() => vi.useRealTimers());

  it('draws text now and then, and all of it at the end', () => {
    writer.add('Once ');
    writer.add('upon');
    expect(answer.text).toBe('');
    vi.runAllTimers();
    expect(answer.text).toBe('Once upon');
    writer.add(' a time');
    writer.setReason('length');
    writer.end(null);
    expect(answer).toMatchObject({ text: 'Once upon a time', state: 'cut' });
  });

  it('keeps what came when it is stopped, or fails', () => {
    writer.add('Once');
    writer.end('stopped');
    expect(answer).toMatchObject({ text: 'Once', state: 'stopped' });
    writer.fail({ code: 'busy', title: 'Busy', advice: '', canRetry: true });
    expect(answer).toMatchObject({ text: 'Once', state: 'failed', failure: { code: 'busy' } });
  });

  it('follows the route as the gateway tells it', () => {
    const tell = (data: object) => {
      const news = parseRouteNews(JSON.stringify(data));
      return news === null ? null : writer.addNews(news);
    };
    const hop = (peer: string, name: string) => ({ peer, name, span: { start: 0, end: 8 } });
    expect(tell({ type: 'route', hops: [hop('id-heron', 'heron')] })).toBeNull();
    tell({ type: 'waiting', missing_blocks: [{ start: 0, end: 8 }] });
    expect(answer.missing).toEqual([{ start: 0, end: 8 }]);
    tell({ type: 'route', hops: [hop('id-teal', 'teal')] });
    const text = tell({
      type: 'reroute',
      kind: 'replaced',
      lost_peer: 'id-heron',
      new_peers: ['id-teal'],
      span: { start: 0, end: 8 },
      recovery_ms: 40,
    });
    expect(text).toBe('heron was lost; teal took blocks 0–7 after 40 ms.');
    expect(answer.missing).toEqual([]);
    expect(answer.hops.map(({ name }) => name)).toEqual(['teal']);
    expect(tell({ type: 'of a later version' })).toBeNull();
  });
});
