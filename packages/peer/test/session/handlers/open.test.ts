import { type ErrorCode, limits, type ModelHash, type OpenMessage } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import { openMessage, startHost, startNode, type TestHost } from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function start(options: { kvTokensMax?: number } = {}) {
  const host = await startHost(cleanup, { start: 2, end: 4 }, options);
  const client = await startNode(cleanup);
  const connect = () => TestHop.connect(client, host.node);
  return { host, client, connect };
}

async function refusalOf(hop: TestHop, host: TestHost, fields: Partial<OpenMessage>) {
  hop.send({ type: 'open', ...openMessage(host, fields) });
  const error = await hop.takeError();
  await until(() => hop.closed !== undefined);
  return error;
}

describe('open', () => {
  it('makes a session and tells what room there is', async () => {
    const { host, connect } = await start();
    const hop = await connect();
    const opened = await hop.open(openMessage(host));
    expect(opened).toMatchObject({ kvTokensFree: 1024, queuedRows: 0 });
    expect(host.engine.sessions).toEqual([hop.session]);
    expect(host.host.sessionCount).toBe(1);
  });

  it('has the engine round to the wire type at every block, but for int8', async () => {
    const { host, connect } = await start();
    for (const [wireType, residualType] of [
      ['f32', 'f32'],
      ['f16', 'f16'],
      ['bf16', 'bf16'],
      ['int8', 'f32'],
    ] as const) {
      const hop = await connect();
      await hop.open(openMessage(host, { wireType }));
      expect(host.engine.residualTypeOf(hop.session)).toBe(residualType);
    }
  });

  const refusals: [string, Partial<OpenMessage>, ErrorCode][] = [
    ['another model', { model: 'cd'.repeat(32) as ModelHash }, 'not-hosting'],
    ['another numeric kind', { numericKind: 'q4_0/f16' }, 'not-hosting'],
    ['blocks beyond the span', { span: { start: 2, end: 5 } }, 'not-hosting'],
    ['an end that is elsewhere', { ends: { embedding: false, head: true } }, 'not-hosting'],
    ['no blocks', { span: { start: 2, end: 2 } }, 'protocol-violation'],
    ['more than the context', { tokensMax: 257 }, 'context-exceeded'],
  ];
  it.each(refusals)('refuses %s', async (_what, fields, code) => {
    const { host, connect } = await start();
    expect(await refusalOf(await connect(), host, fields)).toMatchObject({ code });
    expect(host.engine.sessions).toEqual([]);
  });

  it('refuses what the cache can never hold, a taken id, and newcomers while draining', async () => {
    const { host, connect } = await start({ kvTokensMax: 100 });
    expect(await refusalOf(await connect(), host, { tokensMax: 101 })).toMatchObject({
      code: 'kv-full',
    });
    const hop = await connect();
    await hop.open(openMessage(host, { tokensMax: 100 }));
    const taken = { session: hop.session, tokensMax: 100 };
    expect(await refusalOf(await connect(), host, taken)).toMatchObject({ code: 'session-exists' });
    expect(host.host.sessionCount).toBe(1);
    await host.host.drain({ timeoutMs: 0 });
    expect(await refusalOf(await connect(), host, { tokensMax: 1 })).toMatchObject({
      code: 'draining',
    });
    expect(hop.closed).toBeUndefined();
  });

  it('bounds the sessions of one remote', { timeout: 60_000 }, async () => {
    const { host, connect } = await start();
    for (let count = 0; count < limits.sessionsPerRemoteMax; count++) {
      await (await connect()).open(openMessage(host));
    }
    expect(await refusalOf(await connect(), host, {})).toMatchObject({ code: 'busy' });
    const other = await TestHop.connect(await startNode(cleanup), host.node);
    await other.open(openMessage(host));
  });

  it('comes first, and once', async () => {
    const { host, connect } = await start();
    const early = await connect();
    early.send({ type: 'probe', probe: 1 });
    expect(await early.takeError()).toMatchObject({ code: 'protocol-violation' });
    const twice = await connect();
    await twice.open(openMessage(host));
    expect(await refusalOf(twice, host, {})).toMatchObject({ code: 'protocol-violation' });
    await until(() => host.engine.sessions.length === 0);
  });
});
