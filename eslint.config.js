// Biome formats and lints. ESLint runs for two things that need types or folders: promises that
// nobody awaits, and which package may import which.
import tseslint from 'typescript-eslint';

const allowedImports = {
  protocol: [],
  engine: ['protocol'],
  client: ['protocol'],
  look: [],
  chat: ['protocol', 'look'],
  dashboard: ['protocol', 'look'],
  // Of the pages only where they were built.
  peer: ['protocol', 'engine', 'client', 'chat', 'dashboard'],
};

const packages = Object.keys(allowedImports);

/** Folders of the client that are entries of their own, with what only they may import. */
const clientEntries = {
  gateway: ['hono', 'hono/*', '@hono/*', 'prom-client'],
  'ai-sdk': ['ai', '@ai-sdk/*'],
  observer: ['classic-level', '@libp2p/prometheus-metrics'],
  telemetry: ['@opentelemetry/*'],
};

/** In `packages/<name>`, importing any other package of ours than the allowed ones is an error. */
function dependencyDirection(name) {
  const forbidden = packages.filter(
    (other) => other !== name && !allowedImports[name].includes(other),
  );
  return {
    files: [`packages/${name}/src/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: forbidden.flatMap((other) => [`@skein/${other}`, `@skein/${other}/*`]),
              message: `packages/${name} may import only: ${allowedImports[name].join(', ') || 'no other package'}.`,
            },
            {
              group: ['**/packages/*', '../../../*/src/*'],
              message: 'Import a package by its name.',
            },
          ].filter((pattern) => pattern.group.length > 0),
        },
      ],
    },
  };
}

/** The client's core, which also runs in browsers, loads none of its optional entries. */
function coreOfClient() {
  const { files, rules } = dependencyDirection('client');
  const [severity, { patterns }] = rules['no-restricted-imports'];
  const entries = Object.entries(clientEntries).map(([folder, libraries]) => ({
    group: [`**/${folder}/*`, ...libraries],
    message: `Only packages/client/src/${folder} may import this.`,
  }));
  return {
    files,
    ignores: Object.keys(clientEntries).map((folder) => `packages/client/src/${folder}/**`),
    rules: { 'no-restricted-imports': [severity, { patterns: [...patterns, ...entries] }] },
  };
}

/** Pages take types of the protocol: its code would bring libp2p into a browser that only looks. */
const pagesTakeTypes = {
  files: ['packages/{chat,dashboard}/src/**/*.{ts,tsx}'],
  plugins: { '@typescript-eslint': tseslint.plugin },
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: ['@skein/protocol', '@skein/protocol/*'],
            allowTypeImports: true,
            message: 'A page may import types of the protocol only.',
          },
        ],
      },
    ],
  },
};

export default [
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'models/**',
      '**/fixtures/**',
      '**/*.js',
      '**/*.mjs',
      '*.config.ts',
    ],
  },
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: true },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    // Pages run in browsers, which do not lose it.
    files: ['**/*.ts'],
    ignores: ['packages/{chat,dashboard,look}/src/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'AbortSignal',
          property: 'timeout',
          message:
            'Use abortAfter: this one is lost to the garbage collector within AbortSignal.any.',
        },
      ],
    },
  },
  ...packages.map(dependencyDirection),
  coreOfClient(),
  pagesTakeTypes,
];
