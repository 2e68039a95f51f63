import { execFileSync } from 'node:child_process';

/** Resident memory of a process; not a number when it is gone. */
export function residentBytes(pid: number): number {
  try {
    return (
      1024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }))
    );
  } catch {
    return Number.NaN;
  }
}
