import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** A bundle as a page gets it. */
export interface BrowserBundle {
  readonly code: string;
  /** Modules that went into it, as paths. */
  readonly modules: readonly string[];
  /** What it would import when it runs. */
  readonly imports: readonly string[];
}

/** Bundles an entry, a path or a file of `test/browser`, for browsers, as an application would. */
export async function buildForBrowser(entry: string): Promise<BrowserBundle> {
  const folder = fileURLToPath(new URL('../browser', import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: folder,
    build: {
      write: false,
      outDir: mkdtempSync(join(tmpdir(), 'skein bundle ')),
      target: 'es2022',
      rolldownOptions: { input: resolve(folder, entry), output: { codeSplitting: false } },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  const chunks = outputs.flatMap((each) => ('output' in each ? each.output : []));
  const code: string[] = [];
  const modules: string[] = [];
  const imports: string[] = [];
  const fileNames = new Set<string>();
  for (const chunk of chunks) {
    if (chunk.type !== 'chunk') continue;
    code.push(chunk.code);
    fileNames.add(chunk.fileName);
    modules.push(...chunk.moduleIds);
    imports.push(...chunk.imports, ...chunk.dynamicImports);
  }
  const [only, ...others] = code;
  if (only === undefined || others.length > 0) throw new Error(`${code.length} chunks of ${entry}`);
  return { code: only, modules, imports: imports.filter((name) => !fileNames.has(name)) };
}
