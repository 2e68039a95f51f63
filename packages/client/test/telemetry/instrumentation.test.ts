import { SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { TokenId } from '@skein/protocol';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/client/client.js';
import type { GenerationEvent } from '../../src/generate/generation-types.js';
import { ClientMetrics } from '../../src/observer/index.js';
import { traceGenerations } from '../../src/telemetry/index.js';
import { settle, TestClock } from '../support/test-clock.js';
import { failAt, sixPeers } from '../support/toy-session.js';
import { ToySwarm, toyModel } from '../support/toy-swarm.js';

const promptTokens = [4, 8, 15, 16, 23, 42] as TokenId[];
const shape = { blockCount: 6, vocabSize: 50, contextLength: 200 };

function setUp() {
  const swarm = new ToySwarm(toyModel(shape), sixPeers);
  const clock = new TestClock();
  const { node, directory } = swarm;
  const registry = new Registry();
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const client = createClient({
    node,
    directory,
    clock,
    random: () => 0,
    instrumentation: [new ClientMetrics(registry), traceGenerations(provider.getTracer('test'))],
  });
  const run = (maxTokens: number, leaveAt = Number.POSITIVE_INFINITY) =>
    settle(clock, collect(client.generate({ model: 'toy', promptTokens, maxTokens }), leaveAt));
  const metric = async (name: string) => {
    const found = await registry.getSingleMetric(name)?.get();
    return Object.fromEntries(
      (found?.values ?? []).map(({ value, labels }) => [Object.values(labels).join(' '), value]),
    );
  };
  return { swarm, clock, client, run, metric, spans: () => exporter.getFinishedSpans() };
}

async function collect(events: AsyncIterable<GenerationEvent>, leaveAt: number) {
  const collected: GenerationEvent[] = [];
  for await (const event of events) {
    collected.push(event);
    if (event.type === 'token' && event.position === leaveAt) break;
  }
  return collected;
}

describe('what is told of generations', () => {
  it('has metrics with phases that add up, and what failures cost', async () => {
    const { swarm, run, metric } = setUp();
    swarm.peer('b1').rules.push(failAt(12, 'kill'));
    const events = await run(20);
    const reroute = events.find((event) => event.type === 'reroute');
    expect(await metric('skein_client_generations_total')).toEqual({ 'toy length': 1 });
    expect(await metric('skein_client_tokens_total')).toEqual({
      'toy prompt': 6,
      'toy generated': 20,
    });
    expect(await metric('skein_client_reroutes_total')).toEqual({
      [`toy ${reroute?.kind} ${reroute?.reason}`]: 1,
    });
    expect(await metric('skein_client_bans_total')).toEqual({ '': 1 });
    const recovery = await metric('skein_client_recovery_seconds');
    expect(recovery.toy).toBe(1);
    const steps = await metric('skein_client_step_seconds');
    expect(steps.wire).toBeGreaterThan(10);
    expect(steps.queue).toBe(steps.compute);
  });

  it('counts a reader who leaves as one who left', async () => {
    const { run, metric } = setUp();
    await run(20, 9);
    expect(await metric('skein_client_generations_total')).toEqual({ 'toy left': 1 });
  });

  it('gives names of models beyond 64 one label', async () => {
    const registry = new Registry();
    const metrics = new ClientMetrics(registry);
    for (let index = 0; index < 200; index += 1) {
      const model = `model-${index}`;
      metrics
        .watchGeneration({ model, promptTokens: 1, route: () => [], usage: () => [] })
        .onEnd(null);
    }
    const { values = [] } =
      (await registry.getSingleMetric('skein_client_generations_total')?.get()) ?? {};
    expect(values).toHaveLength(65);
    expect(values.find(({ labels }) => labels.model === 'other')?.value).toBe(136);
  });

  it('has a span for the generation, and one for each hop as long as it serves', async () => {
    const { swarm, run, spans } = setUp();
    swarm.peer('b1').rules.push(failAt(12, 'kill'));
    const events = await run(20);
    const route = events.find((event) => event.type === 'route');
    const [generation] = spans().filter(({ name }) => name === 'skein.generate');
    expect(generation?.attributes).toMatchObject({
      'gen_ai.request.model': 'toy',
      'gen_ai.usage.input_tokens': 6,
      'gen_ai.usage.output_tokens': 20,
    });
    expect(generation?.events.map(({ name }) => name)).toEqual(['skein.reroute']);
    const hops = spans().filter(({ name }) => name === 'skein.hop');
    // One was replaced: its span ended, and that of the other began.
    expect(hops).toHaveLength((route?.hops.length ?? 0) + 1);
    for (const hop of hops) {
      expect(hop.parentSpanId).toBe(generation?.spanContext().spanId);
      expect(hop.attributes).toHaveProperty('skein.peer.id');
    }
    const kept = hops.find(({ attributes }) => attributes['skein.peer.name'] === 'a1');
    expect(kept?.attributes['skein.steps']).toBeGreaterThan(10);
    const told = JSON.stringify(spans().map(({ attributes, events }) => ({ attributes, events })));
    expect(told).not.toMatch(/prompt"|"text"/);
  });

  it('has spans of the hops for each generation of a session that is kept', async () => {
    const { clock, client, spans } = setUp();
    const conversation = await settle(clock, client.openSession({ model: 'toy' }));
    const generate = (tokens: readonly number[]) => {
      const events = conversation.generate({ promptTokens: tokens as TokenId[], maxTokens: 8 });
      return settle(clock, collect(events, Number.POSITIVE_INFINITY));
    };
    await generate(promptTokens);
    const first = spans().filter(({ name }) => name === 'skein.hop');
    await generate([3, 4, 5]);
    const second = spans()
      .filter(({ name }) => name === 'skein.hop')
      .slice(first.length);
    const peersOf = (hops: typeof first) =>
      hops.map(({ attributes }) => attributes['skein.peer.id']);
    expect(first.length).toBeGreaterThan(1);
    expect(peersOf(second).sort()).toEqual(peersOf(first).sort());
    const [, later] = spans().filter(({ name }) => name === 'skein.generate');
    for (const hop of second) {
      expect(hop.parentSpanId).toBe(later?.spanContext().spanId);
      // Those of this generation, not of the session.
      expect(hop.attributes['skein.steps']).toBeLessThanOrEqual(8);
      expect(hop.attributes['skein.steps']).toBeGreaterThan(5);
    }
  });

  it('ends the span of what fails with its error', async () => {
    const { swarm, run, spans } = setUp();
    for (const { name } of sixPeers) swarm.peer(name).rules.push(failAt(12, 'kill'));
    await expect(run(20)).rejects.toThrow();
    const [generation] = spans().filter(({ name }) => name === 'skein.generate');
    expect(generation?.status.code).toBe(SpanStatusCode.ERROR);
    expect(generation?.attributes['error.type']).toBe('no-route');
  });
});
