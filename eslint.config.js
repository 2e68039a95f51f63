// Biome formats and lints. ESLint runs for two things that need types or folders: promises that
// nobody awaits, and which package may import which.
import tseslint from 'typescript-eslint';

const allowedImports = {
  protocol: [],
  engine: ['protocol'],
  client: ['protocol'],
  peer: ['protocol', 'engine', 'client'],
};

const packages = Object.keys(allowedImports);

/** In `packages/<name>`, importing any other package of ours than the allowed ones is an error. */
function dependencyDirection(name) {
  const forbidden = packages.filter(
    (other) => other !== name && !allowedImports[name].includes(other),
  );
  return {
    files: [`packages/${name}/src/**/*.ts`],
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
    files: ['**/*.ts'],
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
  ...packages.map(dependencyDirection),
];
