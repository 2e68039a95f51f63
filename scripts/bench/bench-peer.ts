import { readdirSync, readFileSync, statSync } from 'node:fs';
import { startBenchSwarm, timeGeneration } from './bench-swarm.js';

/** What one peer with all blocks takes before and while it serves. */
export interface PeerReport {
  /** From the start of the process to `ready`, with the file in the system's cache. */
  readonly startMs: number;
  /**
   * Resident memory of the peer's processes after a generation, pages that they share counted once;
   * null where `/proc` is missing.
   */
  readonly residentBytes: number | null;
  /** Of the model's file: nearly all of it are weights. */
  readonly fileBytes: number;
}

/** Starts a peer twice: the first time warms the system's cache. */
export async function benchPeer(path: string, blockCount: number): Promise<PeerReport> {
  const start = () => startBenchSwarm({ path, spans: [`0:${blockCount}`], threads: 2 });
  await (await start()).stop();
  const swarm = await start();
  try {
    const conversation = await swarm.converse();
    await timeGeneration(conversation, { prompt: [3, 4, 5], tokens: 16 });
    const [peer] = swarm.peers;
    const residentBytes = peer === undefined ? null : residentBytesOf(peer.pid);
    await conversation.close();
    return { startMs: swarm.startMs, residentBytes, fileBytes: statSync(path).size };
  } finally {
    await swarm.stop();
  }
}

/** Proportional set size of a process and of those that it started. */
function residentBytesOf(pid: number): number | null {
  try {
    const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const own = 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(memory)?.[1] ?? 0);
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '),
    );
    const others = children.filter((child) => child !== '').map(Number);
    return others.reduce((sum, child) => sum + (residentBytesOf(child) ?? 0), own);
  } catch {
    return null;
  }
}
