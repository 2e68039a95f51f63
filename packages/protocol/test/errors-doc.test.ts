import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorPolicies, exitCodeOf, exitCodes, SkeinError } from '../src/index.js';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

/** Rows of the page's tables that start with a code, as their cells. */
const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      return [(cells[1] ?? '').replaceAll('`', ''), cells.slice(2)] as const;
    }),
);

describe('docs/errors.md', () => {
  it.each(Object.keys(errorPolicies) as ErrorCode[])('explains %s as it is', (code) => {
    const [meaning, blame, retry, exitCode, advice] = rows.get(code) ?? [];
    const policy = errorPolicies[code];
    expect(meaning?.length, 'meaning').toBeGreaterThan(10);
    expect(blame).toBe(policy.blame);
    expect(retry).toBe(policy.isRetryable ? 'yes' : 'no');
    expect(exitCode).toBe(String(exitCodeOf(new SkeinError(code, ''))));
    expect(advice?.length, 'advice').toBeGreaterThan(10);
  });

  it('explains no code that there is not', () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(errorPolicies).sort());
  });

  it('lists every exit code', () => {
    for (const exitCode of Object.values(exitCodes)) expect(page).toContain(`- **${exitCode}**`);
  });
});

describe('exitCodeOf', () => {
  it('is 1 for what is no SkeinError', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
    expect(exitCodeOf(undefined)).toBe(1);
  });
});
