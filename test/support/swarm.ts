import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandEvent, SkeinProcess } from './skein-process.js';

/** A peer process of a test swarm. */
export interface SwarmPeer {
  readonly process: SkeinProcess;
  readonly id: string;
  readonly multiaddrs: readonly string[];
  readonly span: { readonly start: number; readonly end: number };
}

export interface Swarm {
  readonly bootstrap: string;
  /** A temporary folder, with a space in its name. */
  readonly folder: string;
  readonly peers: readonly SwarmPeer[];
  /** Adds a peer while the swarm runs, with parameters of its own besides. */
  addPeer(blocks: string, parameters?: readonly string[]): Promise<SwarmPeer>;
  peerById(id: string): SwarmPeer;
}

export interface SwarmOptions {
  /** A model folder or file. */
  readonly model: string;
  /** Spans like `0:4`, one a peer. */
  readonly blocks: readonly string[];
  readonly dtype?: string;
  readonly parameters?: readonly string[];
}

/** Starts a bootstrap node and one peer process per span, and waits until all are ready. */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const folder = mkdtempSync(join(tmpdir(), 'skein swarm '));
  const bootstrapProcess = new SkeinProcess([
    'bootstrap',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--identity',
    join(folder, 'bootstrap.key'),
  ]);
  const bootstrap = firstAddress(await bootstrapProcess.waitFor('ready'));
  let started = 0;
  const addPeer = async (
    blocks: string,
    parameters: readonly string[] = [],
  ): Promise<SwarmPeer> => {
    started += 1;
    const process = new SkeinProcess([
      'peer',
      '--model',
      options.model,
      '--blocks',
      blocks,
      '--bootstrap',
      bootstrap,
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--identity',
      join(folder, `peer-${started}.key`),
      '--name',
      `peer-${started}`,
      '--threads',
      '1',
      ...(options.dtype ? ['--dtype', options.dtype] : []),
      ...(options.parameters ?? []),
      ...parameters,
    ]);
    const ready = await process.waitFor('ready');
    return { process, id: ready.peerId, multiaddrs: ready.multiaddrs, span: ready.span };
  };
  const peers = await Promise.all(options.blocks.map((blocks) => addPeer(blocks)));
  return {
    bootstrap,
    folder,
    peers,
    addPeer,
    peerById(id) {
      const peer = peers.find((candidate) => candidate.id === id);
      if (peer === undefined) throw new Error(`No peer ${id} in this swarm.`);
      return peer;
    },
  };
}

function firstAddress(ready: CommandEvent): string {
  const [address] = ready.multiaddrs as string[];
  if (address === undefined) throw new Error('The node listens nowhere.');
  return address;
}

/** Ids of the tokens that a `skein generate` printed, in order. */
export function tokenIdsOf(events: readonly CommandEvent[]): number[] {
  return events.filter((event) => event.event === 'token').map((event) => event.id as number);
}
