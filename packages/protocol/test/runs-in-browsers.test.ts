import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src/', import.meta.url));

it('uses nothing of Node: the package runs in browsers', () => {
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(source + name, 'utf8');
    expect(text, name).not.toMatch(/from 'node:|\bBuffer\.|new Buffer|\bprocess\./);
  }
});
