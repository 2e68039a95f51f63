import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFrame,
  type ErrorCode,
  encodeFrame,
  errorMessageSchema,
  errorMessageToError,
  errorPolicies,
  errorToMessage,
  type PeerId,
  SkeinError,
} from '../src/index.js';
import { concat, readFrame } from './support/frames.js';

const sender = '12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8' as PeerId;
const other = '12D3KooWHCJbJKGDfCgHSoCuK9q4STyRnVveqLoXAPBbXHTZx9Cv' as PeerId;

/** Sends an error over the wire. */
function send(error: unknown, context = {}): SkeinError {
  const frame = readFrame(concat(encodeFrame(errorToMessage(error, context))));
  if (frame === null) throw new Error('the frame is not complete');
  return errorMessageToError(decodeFrame(errorMessageSchema, frame).message, sender);
}

describe('errors over the wire', () => {
  it.each(Object.keys(errorPolicies) as ErrorCode[])('keep the code %s', (code) => {
    const received = send(new SkeinError(code, 'what happened'), { step: 3, epoch: 1 });
    expect(received).toMatchObject({ code, message: 'what happened', peer: sender });
    expect(received.details).toEqual({ step: 3, epoch: 1, reportedBy: sender });
  });

  it('name the peer that is to blame when it is not the sender', () => {
    const received = send(new SkeinError('peer-unreachable', 'gone', { peer: other }));
    expect(received.peer).toBe(other);
    expect(received.details.reportedBy).toBe(sender);
    expect(send(new SkeinError('busy', 'x'), { about: other }).peer).toBe(other);
    expect(send(new SkeinError('busy', 'x', { peer: 'not a peer id' })).peer).toBe(sender);
  });

  it('become internal when the code is of a newer version', () => {
    const received = errorMessageToError(
      { type: 'error', code: 'out-of-tea', message: 'none left' },
      sender,
    );
    expect(received).toMatchObject({ code: 'internal', message: 'none left' });
    expect(received.details.remoteCode).toBe('out-of-tea');
    expect(errorMessageToError({ type: 'error', code: 'toString', message: '' }, sender).code).toBe(
      'internal',
    );
  });

  it('do not leak the text of unexpected errors', () => {
    expect(send(new TypeError('/home/ann/keys')).message).not.toContain('ann');
    expect(send('thrown text').code).toBe('internal');
    const abort = new Error('stopped');
    abort.name = 'AbortError';
    expect(send(abort).code).toBe('aborted');
  });

  it('carry details that are plain facts', () => {
    const details = {
      blocks: 3,
      name: 'x',
      isFull: true,
      list: [1],
      nan: Number.NaN,
      constructor: 1,
      kéy: 1,
    };
    const received = send(new SkeinError('kv-full', 'full', { details }));
    expect(received.details).toEqual({ blocks: 3, name: 'x', isFull: true, reportedBy: sender });
  });

  it('always fit their schema, whatever was thrown', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3000, size: 'max' });
    fc.assert(
      fc.property(
        text,
        fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean())),
        (message, details) => {
          const error = new SkeinError('busy', message, { details });
          expect(() => send(error)).not.toThrow();
          expect(errorToMessage(error).message.length).toBeLessThanOrEqual(1024);
        },
      ),
      { numRuns: 50 },
    );
  });
});
