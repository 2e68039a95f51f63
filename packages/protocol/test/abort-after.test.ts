import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { abortAfter } from '../src/abort-after.js';

describe('abortAfter', () => {
  it('aborts in time, though the garbage collector runs and nobody else holds it', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const signal = abortAfter(100, new AbortController().signal);
    const aborted = once(signal, 'abort');
    const collecting = setInterval(collect, 10);
    await aborted;
    clearInterval(collecting);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('aborts with the other signal, for its reason', () => {
    const controller = new AbortController();
    const signal = abortAfter(60_000, controller.signal);
    expect(signal.aborted).toBe(false);
    controller.abort('no more');
    expect(signal.reason).toBe('no more');
    expect(abortAfter(60_000, AbortSignal.abort('before')).reason).toBe('before');
  });

  it('needs no other signal', async () => {
    const signal = abortAfter(1);
    await once(signal, 'abort');
    expect(signal.aborted).toBe(true);
  });
});
