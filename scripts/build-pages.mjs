// Builds the web pages when their sources have changed; plain JavaScript, so that nothing has to be
// built first. `--if-possible` lets a failure pass: whoever hosts blocks needs no page.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = ['packages/chat', 'packages/dashboard'];
/** What every page depends on, beside its own folder. */
const shared = [
  'packages/look',
  'packages/protocol/src/http-api',
  'tsconfig.base.json',
  'tsconfig.web.json',
  'pnpm-lock.yaml',
];
const ignored = new Set(['dist', 'node_modules', 'test', '.cache']);

/** All files below a path, in an order that is the same everywhere. */
function filesOf(path) {
  const entries = readdirSync(path, { withFileTypes: true }).filter(
    ({ name }) => !ignored.has(name),
  );
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const below = join(path, entry.name);
      if (entry.isDirectory()) return filesOf(below);
      return entry.isFile() && !entry.name.endsWith('.tsbuildinfo') ? [below] : [];
    });
}

/** Changes when any source does; times of files say nothing after a checkout. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths.map((name) => join(root, name))) {
    const files = /\.\w+$/.test(path) ? [path] : filesOf(path);
    for (const file of files) {
      hash.update(`${relative(root, file).replaceAll('\\', '/')}\n`).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

async function buildPage(page) {
  const folder = join(root, page);
  const note = join(folder, '.cache', 'built-from');
  const sources = fingerprint([page, ...shared]);
  const isBuilt = existsSync(join(folder, 'dist', 'index.html'));
  if (isBuilt && existsSync(note) && readFileSync(note, 'utf8') === sources) return;
  const { build } = await import('vite');
  console.error(`Building ${page}…`);
  await build({ root: folder, logLevel: 'warn' });
  mkdirSync(join(folder, '.cache'), { recursive: true });
  writeFileSync(note, sources);
}

try {
  for (const page of pages) await buildPage(page);
} catch (error) {
  if (!process.argv.includes('--if-possible')) throw error;
  console.error(`The web pages could not be built: ${error.message}`);
}
