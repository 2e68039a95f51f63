import { describe, expect, it } from 'vitest';
import { ApiError, describeBreak, describeError } from '../src/api/failure.js';

const error = (fields: object) => ({ error: { message: 'as the gateway says', ...fields } });

describe('describeError', () => {
  it('names the blocks that nobody hosts, and when to come again', () => {
    const missing_blocks = [
      { start: 3, end: 5 },
      { start: 7, end: 8 },
    ];
    const body = error({ code: 'no_route', missing_blocks });
    const failure = describeError(body, { status: 503, retryAfterSeconds: 5 });
    expect(failure.title).toBe('No route through the swarm');
    expect(failure.advice).toContain('Nobody hosts blocks 3–4, block 7 now.');
    expect(failure.advice).toContain('Try again in 5.0 s.');
    expect(failure.canRetry).toBe(true);
  });

  it('says how much too long a conversation is', () => {
    const body = error({
      code: 'context_length_exceeded',
      prompt_tokens: 3000,
      context_length: 2048,
    });
    const failure = describeError(body, { status: 400 });
    expect(failure.advice).toContain('3,000 tokens');
    expect(failure.advice).toContain('2,048');
    expect(failure.canRetry).toBe(false);
  });

  it('passes on what it has no words for', () => {
    const failure = describeError(error({ code: 'stream_closed' }), { status: 503 });
    expect(failure).toMatchObject({ title: 'No answer', advice: 'As the gateway says.' });
  });

  it.each([null, 'text', [], { error: 'text' }, { error: { code: 7, message: {} } }])(
    'makes something of %j',
    (body) => {
      const failure = describeError(body, { status: 502 });
      expect(failure).toMatchObject({ code: 'status-502', canRetry: true });
    },
  );
});

describe('describeBreak', () => {
  it('tells a gateway that is not there from an answer that broke off', () => {
    expect(describeBreak(new TypeError('fetch failed')).title).toBe('The gateway does not answer');
    expect(describeBreak(new Error('incomplete')).title).toBe('The answer broke off');
  });

  it('keeps what the gateway said', () => {
    const failure = describeError(error({ code: 'busy' }), { status: 429 });
    expect(describeBreak(new ApiError(failure))).toBe(failure);
  });
});
