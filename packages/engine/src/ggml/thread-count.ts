/** How many threads to compute with when nobody says. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Physical cores that this process may use, at least 1. Two hyper-threads of a core share its
 * vector units, so a second one slows matrix products down.
 */
export function defaultThreadCount(): number {
  const logical = availableParallelism();
  if (process.platform === 'linux') return Math.max(1, Math.min(logical, linuxCoreCount(logical)));
  // Apple's cores have one thread each; on Windows most processors have two.
  return process.platform === 'darwin' ? logical : Math.max(1, logical >> 1);
}

/** Distinct groups of sibling threads among the first `logical` processors. */
function linuxCoreCount(logical: number): number {
  const cores = new Set<string>();
  for (let index = 0; index < logical; index += 1) {
    try {
      const folder = `/sys/devices/system/cpu/cpu${index}/topology`;
      cores.add(readFileSync(`${folder}/thread_siblings_list`, 'utf8').trim());
    } catch {
      // Some containers hide the topology: then every processor counts as a core.
      return logical;
    }
  }
  return cores.size;
}
