import { createSkeinNode, type SkeinNode, systemClock } from '@skein/client/network';
import {
  createSessionId,
  type Ends,
  float32View,
  int32View,
  type ModelHash,
  type OpenMessage,
  type Received,
  type ResultMessage,
  type SessionId,
  type Span,
  type Successor,
  type WireType,
} from '@skein/protocol';
import { SessionHost, type SessionHostEvents } from '../../src/session/session-host.js';
import { SessionHosts } from '../../src/session/session-hosts.js';
import type { Cleanup } from './cleanup.js';
import { TestHop } from './test-hop.js';
import { ToyEngine, toyConfig } from './toy-engine.js';

export const toyModel = 'ab'.repeat(32) as ModelHash;
export const toyKind = 'f32/f32';

export interface TestHost {
  readonly node: SkeinNode;
  readonly engine: ToyEngine;
  readonly host: SessionHost;
}

let addresses = 0;

export async function startNode(cleanup: Cleanup, transports: 'memory' | 'tcp' = 'memory') {
  addresses += 1;
  const node = await createSkeinNode({
    listen: [transports === 'memory' ? `/memory/peer-test-${addresses}` : '/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    mode: 'peer',
    dht: false,
    ...(transports === 'memory' ? { transports } : {}),
  });
  await node.start();
  cleanup.add(() => node.stop());
  return node;
}

export function endsOf(span: Span): Ends {
  return { embedding: span.start === 0, head: span.end === toyConfig.blockCount };
}

export async function startHost(
  cleanup: Cleanup,
  span: Span,
  options: { transports?: 'memory' | 'tcp'; kvTokensMax?: number; events?: SessionHostEvents } = {},
): Promise<TestHost> {
  const node = await startNode(cleanup, options.transports);
  const kv = options.kvTokensMax === undefined ? {} : { kvTokensMax: options.kvTokensMax };
  const engine = new ToyEngine({ span, ends: endsOf(span), ...kv });
  const host = new SessionHost({
    node,
    engine,
    model: toyModel,
    numericKind: toyKind,
    clock: systemClock,
    ...(options.events === undefined ? {} : { events: options.events }),
  });
  await new SessionHosts(() => [host]).serve(node);
  return { node, engine, host };
}

export function openMessage(
  host: TestHost,
  fields: Partial<Omit<OpenMessage, 'type'>> = {},
): Omit<OpenMessage, 'type'> {
  const { span, ends } = host.engine.info;
  return {
    session: createSessionId(),
    model: toyModel,
    numericKind: toyKind,
    span,
    ends,
    tokensMax: 128,
    wireType: 'f32',
    epoch: 0,
    successor: null,
    ...fields,
  };
}

export function successorOf(host: TestHost): Successor {
  return { kind: 'peer', peer: host.node.peer, multiaddrs: [...host.node.multiaddrs] };
}

/** A chain of hosts with one session through all of them. */
export interface TestChain {
  readonly client: SkeinNode;
  readonly hosts: readonly TestHost[];
  readonly hops: readonly TestHop[];
  readonly session: SessionId;
}

/** Spans that cover the toy model. */
export const threeSpans: readonly Span[] = [
  { start: 0, end: 2 },
  { start: 2, end: 4 },
  { start: 4, end: 6 },
];

export async function openChain(
  cleanup: Cleanup,
  options: { spans?: readonly Span[]; wireType?: WireType; transports?: 'memory' | 'tcp' } = {},
): Promise<TestChain> {
  const client = await startNode(cleanup, options.transports);
  const hosts: TestHost[] = [];
  for (const span of options.spans ?? threeSpans) {
    hosts.push(await startHost(cleanup, span, options));
  }
  const session = createSessionId();
  const hops: TestHop[] = [];
  for (const [index, host] of hosts.entries()) {
    const hop = await TestHop.connect(client, host.node);
    const next = hosts[index + 1];
    await hop.open(
      openMessage(host, {
        session,
        wireType: options.wireType ?? 'f32',
        successor: next === undefined ? null : successorOf(next),
      }),
    );
    hops.push(hop);
  }
  return { client, hosts, hops, session };
}

/** What one engine with all blocks makes of tokens: all logits of every position. */
export async function referenceLogits(tokens: readonly number[]): Promise<Float32Array[]> {
  const span = { start: 0, end: toyConfig.blockCount };
  const engine = new ToyEngine({ span, ends: endsOf(span) });
  const session = createSessionId();
  engine.openSession(session, { span, ends: endsOf(span) });
  const { outcomes } = await engine.step([
    {
      session,
      position: 0,
      rows: tokens.length,
      input: { kind: 'tokens', tokens: Int32Array.from(tokens) },
      output: { kind: 'logits', rows: 'all', topK: 0 },
    },
  ]);
  const [outcome] = outcomes;
  if (!outcome?.ok || outcome.output.kind !== 'logits') throw new Error('no logits');
  const { logits, width } = outcome.output.logits;
  return tokens.map((_, row) => logits.subarray(row * width, (row + 1) * width));
}

/** The logits of a result's last row, by token id; those that were not sent are missing. */
export function logitsOf({ tensors }: Received<ResultMessage>): Map<number, number> {
  const isFull = tensors.length === 2;
  const [ids, values] = isFull ? [null, tensors[0]] : [tensors[0], tensors[1]];
  if (values === undefined) throw new Error('no logits in the result');
  const [rows = 0, width = 0] = values.shape;
  const logits = float32View(values.bytes).slice((rows - 1) * width);
  const idsOfRow = ids ? int32View(ids.bytes).slice((rows - 1) * width) : null;
  return new Map([...logits].map((logit, index) => [idsOfRow?.[index] ?? index, logit]));
}
