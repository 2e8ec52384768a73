/**
 * Lint rules of the whole workspace. The heart is the table of layers: imports point down only, every project is listed
 * by name, nothing is allowed by a wildcard. `tools/boundaries.spec.ts` proves that the table bites.
 */
import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import angular from 'angular-eslint';
import prettier from 'eslint-config-prettier';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

/** Which projects each project may import. Read from the top: a line only names projects of the lines above it. */
const foundation = ['contracts', 'runtime', 'protocol', 'database', 'events'];
/** The parts of one node. */
const layers = [...foundation, 'chunks', 'transport', 'transfer', 'peers', 'dht', 'catalogue', 'placement', 'purge'];
const mayImport = {
  contracts: [],
  runtime: ['contracts'],
  protocol: ['contracts', 'runtime'],
  database: ['contracts', 'runtime', 'protocol'],
  events: ['contracts', 'runtime', 'protocol', 'database'],
  testing: foundation,
  chunks: foundation,
  transport: foundation,
  peers: [...foundation, 'transport'],
  dht: [...foundation, 'transport', 'peers'],
  catalogue: [...foundation, 'transport', 'peers'],
  transfer: [...foundation, 'chunks', 'transport'],
  // Catalogue and placement do not know each other: purge knows both.
  placement: [...foundation, 'chunks', 'transport', 'transfer', 'peers', 'dht'],
  purge: [...foundation, 'transport', 'peers', 'catalogue', 'placement'],
  node: layers,
  simulation: [...layers, 'node', 'testing'],
  // The network is hidden behind placement: files knows neither peers nor dht nor transport.
  files: [...foundation, 'chunks', 'transfer', 'catalogue', 'placement', 'purge'],
  tus: [...foundation, 'chunks', 'catalogue', 'files'],
  webdav: [...foundation, 'catalogue', 'files'],
  s3: [...foundation, 'chunks', 'catalogue', 'files'],
  'live-folders': [...foundation, 'chunks', 'transfer', 'catalogue', 'placement', 'purge', 'files'],
  'dfs-engine': [...layers, 'node', 'files', 'tus', 'webdav', 's3', 'live-folders'],
  'dfs-engine-e2e': ['contracts', 'runtime', 'protocol', 'client', 'testing'],
  // Generated from the API document: it knows nothing of the engine.
  client: [],
  'dfs-cli': ['runtime', 'client'],
  'client-data': ['contracts'],
  'client-ui': ['contracts', 'client-data'],
  'client-ui-e2e': ['contracts', 'testing'],
  tools: ['contracts', 'testing'],
};
/** The ground of `testing` itself; their specs would close a circle. */
const belowTesting = new Set(['contracts', 'runtime', 'protocol', 'database', 'testing']);
/** They run in a browser, where the engine's test tools cannot. */
const inBrowser = new Set(['client-data', 'client-ui']);

/** Third-party packages with one home: only these projects may import them. */
const homes = {
  'msgpack-lite': ['protocol'],
  sqlite3: ['database'],
  typeorm: [
    'database',
    'events',
    'chunks',
    'peers',
    'dht',
    'catalogue',
    'placement',
    'purge',
    'files',
    'tus',
    's3',
    'live-folders',
    'simulation',
    'dfs-engine',
  ],
  saxes: ['files'],
  // The end-to-end tests dial in as strangers do.
  libp2p: ['transport', 'simulation', 'dfs-engine-e2e'],
  '@libp2p/*': ['protocol', 'transport', 'simulation', 'dfs-engine-e2e'],
  '@chainsafe/*': ['transport'],
  '@angular/*': ['client-data', 'client-ui', 'tools'],
  'playwright-core': ['client-ui-e2e', 'testing'],
};

/** @param {{ specs: boolean }} of */
function boundaries({ specs }) {
  return [
    'error',
    {
      enforceBuildableLibDependency: false,
      allow: [],
      // A dynamic import here is no promise to load a library lazily.
      checkDynamicDependenciesExceptions: ['@dfs/*'],
      depConstraints: Object.entries(mayImport).map(([project, others]) => {
        const testing = specs && !belowTesting.has(project) && !inBrowser.has(project) ? ['testing'] : [];
        return {
          sourceTag: `scope:${project}`,
          onlyDependOnLibsWithTags: [...new Set([...others, ...testing])].map((other) => `scope:${other}`),
          bannedExternalImports: Object.entries(homes)
            .filter(([, projects]) => !projects.includes(project))
            .map(([name]) => name),
        };
      }),
    },
  ];
}

const allTypeScript = ['**/*.ts'];
const specs = [
  '**/*.spec.ts',
  '**/*.suite.ts',
  'libs/*/testing/**/*.ts',
  'libs/*/src/testing/**/*.ts',
  '**/*-e2e/**/*.ts',
];
/**
 * All that runs under Node alone is one program where everything is checked at once (`eslint .` at the root): each project by itself would
 * work out the types of all those below it again.
 */
const isWhole = process.cwd() === import.meta.dirname && process.argv.includes('.');
const inOneProgram = ['apps/dfs-*/src/**/*.ts', 'libs/*/src/**/*.ts', 'libs/*/testing/**/*.ts'];
const consoleSources = ['apps/client-ui/**/*.ts', 'libs/client-data/**/*.ts'];
const consoleTemplates = ['apps/client-ui/**/*.html'];
/** Suffix means framework: the only engine files that know Nest. */
const nestFiles = [
  '**/*.{module,controller,gateway,filter,guard,interceptor,middleware,pipe,dto,adapter}.ts',
  'apps/dfs-engine/src/**/*.ts',
];

const noProcessEnv = {
  object: 'process',
  property: 'env',
  message: 'Configuration is parsed once, in apps/dfs-engine/src/config.ts.',
};
const noNodeProcess = { name: 'node:process', message: 'Use the global `process`.' };
const noNest = {
  group: ['@nestjs/*'],
  message: 'Only *.module.ts, *.controller.ts and their kind know Nest; the rest is plain classes.',
};
/** Left to emitted metadata, which differs between compilers, the type of a field in the API document would be a guess. */
const explicitTypes = [
  ['CallExpression[callee.name=/^ApiProperty(Optional)?$/][arguments.length=0]'],
  [
    'CallExpression[callee.name=/^ApiProperty(Optional)?$/] > ObjectExpression.arguments',
    ':not(:has(> SpreadElement)):not(:has(> Property[key.name=/^(type|enum|oneOf|anyOf|allOf)$/]))',
  ],
].map((selector) => ({
  selector: selector.join(''),
  message: 'Say the type of the field: by FIELD of @dfs/files, type or enum.',
}));
const noNode = { group: ['node:*'], message: 'This runs in a browser too.' };

const pronounFirst = /^(?:[\s\S]*[.!?]\s+)?(?:What|Whatever|Who|Whoever|Whom|Whose)\b/u;
/**
 * The subject is a noun of the glossary: a sentence that begins so has none. Asked of the comments of a file one after another: `jsdoc`
 * would ask each node of the file for its comment.
 * @type {import('eslint').Rule.RuleModule}
 */
const plainEnglish = {
  meta: { type: 'suggestion', schema: [] },
  create: (context) => ({
    Program() {
      for (const { type, value, loc } of context.sourceCode.getAllComments()) {
        if (type !== 'Block' || !value.startsWith('*') || !loc) continue;
        const [description = ''] = value.replace(/^[ \t]*\*+ ?/gm, '').split(/^\s*@\w/m);
        if (!pronounFirst.test(description.trim())) continue;
        context.report({
          loc,
          message: 'No sentence begins with what or who: name the thing (docs/glossary.md).',
        });
      }
    },
  }),
};

/**
 * Declarations that can be exported by name. A function with overloads is documented at its first signature; members of
 * a class or an
 * interface speak for themselves or are documented where they do not.
 */
const exported = [
  'ClassDeclaration',
  'FunctionDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSEnumDeclaration',
  // Not those within an exported function.
  'ExportNamedDeclaration > VariableDeclaration',
];

/** Attributes of the console's templates that are never read by a person. */
const notWords = [
  ...['aria-current', 'ariaCurrentWhenActive', 'aria-describedby', 'aria-haspopup', 'aria-live'],
  ...['d', 'decoding', 'drawing', 'loading', 'preload', 'rel', 'step', 'stroke-dasharray', 'translate'],
];

export default tseslint.config(
  {
    ignores: [
      '**/dist',
      '**/out-tsc',
      '**/node_modules',
      // Made by the build of libs/client.
      '**/src/generated',
      '**/coverage',
      '.nx',
      '**/.angular',
      'artifacts',
      'data',
      'tmp',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  ...nx.configs['flat/base'],

  {
    files: allTypeScript,
    extends: [tseslint.configs.strict, tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries({ specs: false }),
      'no-restricted-properties': ['error', noProcessEnv],
      'no-restricted-imports': ['error', { paths: [noNodeProcess], patterns: [noNest] }],
      eqeqeq: 'error',

      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { allowDefaultCaseForExhaustiveSwitch: true, considerDefaultExhaustiveForUnions: true },
      ],
      // Knows `emitDecoratorMetadata`: in files with decorators a class that Nest injects stays a value import.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],

      // With noUncheckedIndexedAccess a `!` is the honest word for "the line above made sure".
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A Nest module is a class without members; so are a few message types.
      '@typescript-eslint/no-extraneous-class': 'off',
      // An async method without await still turns a throw into a rejection, which an interface may promise.
      '@typescript-eslint/require-await': 'off',
      // Loops that end by an AbortSignal or by return.
      'no-constant-condition': ['error', { checkLoops: false }],
      '@typescript-eslint/no-empty-function': 'off',
    },
  },

  ...(isWhole
    ? [
        {
          files: inOneProgram,
          ignores: ['libs/client-data/**'],
          languageOptions: { parserOptions: { projectService: false, project: ['./tsconfig.lint.json'] } },
        },
      ]
    : []),
  {
    files: nestFiles,
    rules: {
      'no-restricted-imports': ['error', { paths: [noNodeProcess] }],
      'no-restricted-syntax': ['error', ...explicitTypes],
    },
  },
  {
    files: ['libs/contracts/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [noNodeProcess], patterns: [noNest, noNode] }] },
  },
  // The one file that reads the environment, and the tools around the engine.
  {
    files: [
      'apps/dfs-engine/src/config.ts',
      'apps/dfs-cli/src/main.ts',
      'libs/testing/**/*.ts',
      'tools/**/*.ts',
      '**/*-e2e/**/*.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },

  {
    files: consoleSources,
    extends: [angular.configs.tsRecommended],
    processor: angular.processInlineTemplates,
    rules: {
      'no-restricted-imports': ['error', { patterns: [noNest, noNode] }],
      '@angular-eslint/component-selector': ['error', { type: 'element', prefix: 'dfs', style: 'kebab-case' }],
      '@angular-eslint/directive-selector': ['error', { type: 'attribute', prefix: 'dfs', style: 'camelCase' }],
      '@angular-eslint/prefer-on-push-component-change-detection': 'off',
      '@angular-eslint/prefer-signals': 'error',
      // Angular's HttpClient wants it: `delete<void>(…)`.
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    files: [...allTypeScript, 'tools/**/*.mjs'],
    plugins: { comments: { rules: { 'plain-english': plainEnglish } } },
    rules: { 'comments/plain-english': 'error' },
  },
  {
    files: [...allTypeScript, 'tools/**/*.mjs'],
    ignores: specs,
    plugins: { jsdoc },
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        { publicOnly: true, enableFixer: false, require: { FunctionDeclaration: false }, contexts: exported },
      ],
      // A comment that only repeats the name is none.
      'jsdoc/informative-docs': 'error',
    },
  },
  {
    files: specs,
    rules: {
      '@nx/enforce-module-boundaries': boundaries({ specs: true }),
      'no-restricted-imports': 'off',
      // Tests look into answers whose shape is the very thing under test.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },

  {
    files: consoleTemplates,
    extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
    rules: {
      // A `dfsAct` draws its content by itself.
      '@angular-eslint/template/elements-content': ['error', { allowList: ['dfsAct'] }],
    },
  },
  // Every word that a person reads is marked for translation. The page itself comes before a language is known; the gallery is for
  // those who make the console.
  {
    files: consoleTemplates,
    ignores: ['apps/client-ui/src/index.html', 'apps/client-ui/src/gallery/**', 'apps/client-ui/src/**/*.spec.ts/**'],
    rules: {
      '@angular-eslint/template/i18n': ['error', { checkId: false, ignoreAttributes: notWords }],
    },
  },

  // Plain JavaScript: tools and configuration files. `tsc` with checkJs knows their names better than no-undef.
  { files: ['**/*.{mjs,cjs,js}'], rules: { 'no-undef': 'off', eqeqeq: 'error' } },
  {
    files: ['tools/**/*.mjs'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries({ specs: true }),
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  prettier,
);
