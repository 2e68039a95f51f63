import { describe, expect, it } from 'vitest';
import { gatewayLimits } from '../../src/gateway/gateway-limits.js';
import {
  answerWithEvents,
  type ServerSentEvent,
} from '../../src/gateway/http/server-sent-events.js';
import { createDeferred } from '../../src/session/deferred.js';
import { idle, settle, TestClock } from '../support/test-clock.js';

function setUp(source: AsyncGenerator<ServerSentEvent, void, undefined>) {
  const clock = new TestClock();
  const aborts: Error[] = [];
  const answer = answerWithEvents(source, {
    clock,
    abort: (reason) => aborts.push(reason),
    onError: (error) => [{ event: 'error', data: (error as Error).message }],
  });
  return { clock, aborts, answer };
}

async function* three(): AsyncGenerator<ServerSentEvent, void, undefined> {
  yield { data: '1' };
  yield { event: 'second', data: '2' };
  yield { data: '3' };
}

describe('answerWithEvents', () => {
  it('writes events', async () => {
    const { clock, answer, aborts } = setUp(three());
    const text = await settle(
      clock,
      answer.then((response) => response.text()),
    );
    expect(text).toBe('data: 1\n\nevent: second\ndata: 2\n\ndata: 3\n\n');
    expect(aborts).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  it('throws what fails before the first event', async () => {
    const { clock, answer } = setUp(
      (async function* (): AsyncGenerator<ServerSentEvent, void, undefined> {
        await Promise.reject(new Error('no route'));
        yield { data: 'never' };
      })(),
    );
    await expect(settle(clock, answer)).rejects.toThrow('no route');
  });

  it('tells within the stream what fails later', async () => {
    const { clock, answer } = setUp(
      (async function* () {
        yield { data: '1' };
        throw new Error('lost');
      })(),
    );
    const text = await settle(
      clock,
      answer.then((response) => response.text()),
    );
    expect(text).toBe('data: 1\n\nevent: error\ndata: lost\n\n');
  });

  it('keeps the connection alive while the first event takes long', async () => {
    const gate = createDeferred<void>();
    const { clock, answer } = setUp(
      (async function* () {
        await gate.promise;
        yield { data: 'late' };
      })(),
    );
    const response = await settle(clock, answer);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async () => new TextDecoder().decode((await settle(clock, reader.read())).value);
    expect(await next()).toBe(': keep-alive\n\n');
    expect(await next()).toBe(': keep-alive\n\n');
    gate.resolve();
    await idle();
    const rest = [await next(), await next()];
    expect(rest.join('')).toContain('data: late\n\n');
  });

  it('ends the source when the reader leaves', async () => {
    let isLeft = false;
    const { clock, answer, aborts } = setUp(
      (async function* () {
        try {
          for (;;) yield { data: 'x' };
        } finally {
          isLeft = true;
        }
      })(),
    );
    const response = await settle(clock, answer);
    await response.body?.cancel();
    await idle();
    expect(aborts).toHaveLength(1);
    expect(isLeft).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  it('does not run ahead of the reader, and gives one up that does not read', async () => {
    let made = 0;
    const { clock, answer, aborts } = setUp(
      (async function* () {
        for (;;) {
          made += 1;
          yield { data: 'x' };
        }
      })(),
    );
    const response = await settle(clock, answer);
    await idle();
    expect(made).toBeLessThan(4);
    const startedAtMs = clock.now();
    while (aborts.length === 0) expect(clock.fireNext()).toBe(true);
    expect(clock.now() - startedAtMs).toBe(gatewayLimits.stalledMs);
    await expect(response.text()).rejects.toThrow('does not read');
  });
});
