/**
 * The shape of the source. No import circle, no folder that is too full, no file that is too long; each rule is shown to
 * see what it forbids. The canary of the layers: for every project one import that is forbidden and one that is allowed, linted as if it
 * stood in a file of that project. A rule that silently stopped biting (a missing tag, a wildcard, a project that is not
 * in the graph) turns this red.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  circles,
  fullFolders,
  longFiles,
  MAX_FILE_LINES,
  MAX_FOLDER_FILES,
  readSourceTree,
} from './lib/source-tree.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const BOUNDARIES = '@nx/enforce-module-boundaries';
const PROPERTIES = 'no-restricted-properties';
const IMPORTS = 'no-restricted-imports';
const I18N = '@angular-eslint/template/i18n';

interface Canary {
  name: string;
  file: string;
  text: string;
  /** The rule that must object; null when nothing may. */
  rule: string | null;
}

const importing = (module: string) => `import * as canary from '${module}';\nconsole.log(canary);\n`;
const source = (project: string) => `${folderOf(project)}/src/canary.ts`;
const spec = (project: string) => `${folderOf(project)}/src/canary.spec.ts`;

const forbidden: [project: string, module: string][] = [
  ['contracts', '@dfs/runtime'],
  ['runtime', '@dfs/protocol'],
  ['protocol', '@dfs/database'],
  ['database', '@dfs/events'],
  ['events', '@dfs/chunks'],
  ['testing', '@dfs/chunks'],
  ['chunks', '@dfs/transport'],
  ['transport', '@dfs/chunks'],
  ['transport', '@dfs/peers'],
  ['peers', '@dfs/catalogue'],
  ['dht', '@dfs/catalogue'],
  ['catalogue', '@dfs/dht'],
  ['catalogue', '@dfs/placement'],
  ['transfer', '@dfs/peers'],
  ['transfer', '@dfs/placement'],
  ['placement', '@dfs/catalogue'],
  ['placement', '@dfs/purge'],
  ['purge', '@dfs/node'],
  ['node', '@dfs/files'],
  ['simulation', '@dfs/files'],
  ['files', '@dfs/transport'],
  ['files', '@dfs/peers'],
  ['files', '@dfs/dht'],
  ['files', '@dfs/tus'],
  ['tus', '@dfs/placement'],
  ['webdav', '@dfs/chunks'],
  ['s3', '@dfs/tus'],
  ['files', '@dfs/s3'],
  ['live-folders', '@dfs/peers'],
  ['files', '@dfs/live-folders'],
  ['files', '../../../apps/dfs-engine/src/main.js'],
  ['dfs-engine', '@dfs/client-data'],
  ['dfs-engine', '@dfs/simulation'],
  ['dfs-engine-e2e', '@dfs/files'],
  ['client', '@dfs/contracts'],
  ['dfs-cli', '@dfs/contracts'],
  ['client-data', '@dfs/protocol'],
  ['client-ui', '@dfs/protocol'],
  ['client-ui-e2e', '@dfs/protocol'],
  ['chunks', '@dfs/testing'],
  ['files', '@dfs/testing'],
  ['chunks', '../../protocol/src/index.js'],
];

const allowed: [project: string, module: string][] = [
  ['runtime', '@dfs/contracts'],
  ['dfs-engine-e2e', '@dfs/client'],
  ['protocol', '@dfs/runtime'],
  ['database', '@dfs/protocol'],
  ['events', '@dfs/database'],
  ['testing', '@dfs/database'],
  ['chunks', '@dfs/events'],
  ['transport', '@dfs/protocol'],
  ['peers', '@dfs/transport'],
  ['dht', '@dfs/peers'],
  ['catalogue', '@dfs/peers'],
  ['transfer', '@dfs/chunks'],
  ['placement', '@dfs/transfer'],
  ['purge', '@dfs/catalogue'],
  ['purge', '@dfs/placement'],
  ['node', '@dfs/purge'],
  ['simulation', '@dfs/node'],
  ['files', '@dfs/placement'],
  ['live-folders', '@dfs/files'],
  ['webdav', '@dfs/files'],
  ['dfs-engine', '@dfs/files'],
  ['dfs-engine-e2e', '@dfs/testing'],
  ['dfs-cli', '@dfs/client'],
  ['client-data', '@dfs/contracts'],
  ['client-ui', '@dfs/client-data'],
  ['client-ui-e2e', '@dfs/contracts'],
];

const templates: [name: string, template: string, rule: string | null][] = [
  ['bare words', '<p>Nothing here</p>', I18N],
  ['bare words beside what is put in', '<p>{{ count }} files</p>', I18N],
  ['bare words in an attribute', '<button aria-label="Close" (click)="close()"></button>', I18N],
  ['words that are marked', '<p i18n>Nothing here</p>', null],
  ['words that come from the code', '<p [title]="words.title">{{ words.text }} · {{ size }}</p>', null],
];

const canaries: Canary[] = [
  ...forbidden.map(([project, module]) => ({
    name: `${project} may not import ${module}`,
    file: source(project),
    text: importing(module),
    rule: BOUNDARIES,
  })),
  ...allowed.map(([project, module]) => ({
    name: `${project} may import ${module}`,
    file: source(project),
    text: importing(module),
    rule: null,
  })),
  {
    name: 'a spec may import testing',
    file: spec('chunks'),
    text: importing('@dfs/testing'),
    rule: null,
  },
  {
    name: 'a spec below testing may not import it',
    file: spec('protocol'),
    text: importing('@dfs/testing'),
    rule: BOUNDARIES,
  },
  {
    name: 'a spec may not import upwards',
    file: spec('chunks'),
    text: importing('@dfs/files'),
    rule: BOUNDARIES,
  },
  {
    name: 'only protocol knows the codec',
    file: source('transport'),
    text: importing('msgpack-lite'),
    rule: BOUNDARIES,
  },
  {
    name: 'only transport knows libp2p',
    file: source('peers'),
    text: importing('libp2p'),
    rule: BOUNDARIES,
  },
  {
    name: 'a plain class does not know Nest',
    file: 'libs/files/src/write/upload.ts',
    text: importing('@nestjs/common'),
    rule: IMPORTS,
  },
  {
    name: 'a controller knows Nest',
    file: 'libs/files/src/canary.controller.ts',
    text: importing('@nestjs/common'),
    rule: null,
  },
  {
    name: 'a library does not read the environment',
    file: source('chunks'),
    text: 'console.log(process.env);\n',
    rule: PROPERTIES,
  },
  {
    name: 'the configuration reads the environment',
    file: 'apps/dfs-engine/src/config.ts',
    text: 'console.log(process.env);\n',
    rule: null,
  },
  ...[
    'export class Pack {}',
    'export interface Pack {\n  n: number;\n}',
    'export type Pack = 1;',
    'export const pack = 1;',
  ].map((code) => ({
    name: `an exported symbol has a comment: ${code.split('\n')[0]}`,
    file: source('chunks'),
    text: `${code}\n`,
    rule: 'jsdoc/require-jsdoc',
  })),
  {
    name: 'an exported symbol of a tool has a comment',
    file: 'tools/lib/canary.mjs',
    text: 'export function open() {}\n',
    rule: 'jsdoc/require-jsdoc',
  },
  {
    name: 'a class of a framework has a comment, above its decorators',
    file: 'libs/files/src/canary.controller.ts',
    text: 'declare const Controller: ClassDecorator;\n@Controller\nexport class Files {}\n',
    rule: 'jsdoc/require-jsdoc',
  },
  ...[
    '/** Who opens a pack waits for it. */',
    '/**\n * Opens a pack. What it holds\n * is read later.\n */',
    '/** What a pack holds. @example open() */',
  ].map((comment) => ({
    name: `no sentence of a comment begins with a pronoun: ${comment.replace(/\s+/g, ' ')}`,
    file: source('chunks'),
    text: `export {};\n${comment}\nfunction open() {}\nopen();\n`,
    rule: 'comments/plain-english',
  })),
  {
    name: 'a question, a tag and a word within a sentence are none of that',
    file: source('chunks'),
    text: 'export {};\n/**\n * Opens that what is named.\n * @returns Who has it\n */\nfunction open() {}\n// Who knows.\nopen();\n',
    rule: null,
  },
  {
    name: 'a comment says more than the name',
    file: source('chunks'),
    text: '/** The pack. */\nexport class Pack {}\n',
    rule: 'jsdoc/informative-docs',
  },
  {
    name: 'a comment that does so will do, and what is not exported needs none',
    file: source('chunks'),
    text: '/** Blocks one after another, never changed. */\nexport class Pack {}\nfunction open() {}\nopen();\n',
    rule: null,
  },
  ...templates.flatMap(([name, template, rule]) => [
    { name: `a template: ${name}`, file: 'apps/client-ui/src/app/canary.html', text: `${template}\n`, rule },
    {
      name: `a template within code: ${name}`,
      file: 'apps/client-ui/src/app/canary.ts',
      text: `import { Component } from '@angular/core';\n@Component({ selector: 'dfs-canary', template: \`${template}\` })\nclass Canary {}\nconsole.log(Canary);\n`,
      rule,
    },
  ]),
];

describe('layers', () => {
  let answers: { file: string; messages: { ruleId: string; message: string }[] }[];

  beforeAll(async () => {
    answers = JSON.parse(await lint(canaries.map(({ file, text }) => ({ file, text }))));
  }, 120_000);

  it.each(canaries.map((canary, index) => ({ ...canary, index })))('$name', ({ rule, index }) => {
    const { messages } = answers[index]!;
    if (rule === null) expect(messages).toEqual([]);
    else expect(messages.map(({ ruleId }) => ruleId)).toContain(rule);
  });

  it('has a canary for every project', () => {
    const projects = workspaceProjects();
    expect(projects.length).toBeGreaterThan(10);
    const tried = new Set(forbidden.map(([project]) => project));
    expect(projects.filter((project) => !tried.has(project))).toEqual([]);
  });

  it('tags every project with its own scope', () => {
    for (const project of workspaceProjects()) {
      const { nx } = JSON.parse(readFileSync(join(root, folderOf(project), 'package.json'), 'utf8'));
      expect(nx.tags).toEqual([`scope:${project}`]);
    }
  });
});

describe('the tree', () => {
  const tree = readSourceTree(root);
  const treeOf = (files: Record<string, string>) => new Map(Object.entries(files));

  it('is all there', () => {
    expect(tree.size).toBeGreaterThan(800);
    expect(tree.has('libs/placement/src/placement.ts')).toBe(true);
    expect(tree.has('apps/dfs-engine/src/main.ts')).toBe(true);
  });

  it('has no circle of imports, types included', () => {
    expect(circles(tree)).toEqual([]);
  });

  it.each([
    ['values', "import { b } from './b.js';", "import { a } from './a.js';"],
    ['types', "import type { B } from './b.js';", "import { type A } from './a.js';"],
    ['a value and a type', "import { b } from './b.js';", "import type { A } from './a.js';"],
    ['what is passed on', "export * from './b.js';", "export type { A } from './a.js';"],
    ['an import in a type', "let b: import('./b.js').B;", "import './a.js';"],
    ['an import while it runs', "const b = await import('./b.js');", "import './a.js';"],
  ])('sees a circle of %s', (_what, a, b) => {
    const files = { 'libs/one/src/a.ts': a, 'libs/one/src/b.ts': b };
    expect(circles(treeOf(files))).toEqual([Object.keys(files)]);
  });

  it('sees a circle by way of others, and through the door of the library itself', () => {
    const around = {
      'libs/one/src/a.ts': "import './deep/b.js';",
      'libs/one/src/c.ts': "import type { A } from './a.js';",
      'libs/one/src/deep/b.ts': "import '../c.js';",
      'libs/one/src/d.ts': "import './a.js';",
    };
    expect(circles(treeOf(around))).toEqual([Object.keys(around).slice(0, 3)]);
    const door = {
      'libs/one/src/a.ts': "import { b } from '@dfs/one';",
      'libs/one/src/index.ts': "export * from './a.js';",
    };
    expect(circles(treeOf(door))).toEqual([Object.keys(door)]);
    expect(circles(treeOf({ 'libs/one/src/a.ts': "import './a.js';" }))).toHaveLength(1);
    expect(circles(treeOf({ 'libs/one/src/a.ts': "import { b } from '@dfs/two';" }))).toEqual([]);
  });

  it('has no folder that is too full', () => {
    expect(fullFolders(tree)).toEqual([]);
  });

  it('sees a folder that is too full; specs, suites and the index do not count', () => {
    const files = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`libs/one/src/in/f${at}.ts`, '']));
    const beside = {
      'libs/one/src/in/index.ts': '',
      'libs/one/src/in/f.spec.ts': '',
      'libs/one/src/in/f.suite.ts': '',
    };
    expect(fullFolders(treeOf({ ...files(MAX_FOLDER_FILES), ...beside }))).toEqual([]);
    expect(fullFolders(treeOf(files(MAX_FOLDER_FILES + 1)))).toEqual([`libs/one/src/in: ${MAX_FOLDER_FILES + 1}`]);
  });

  it('has no file that is too long', () => {
    expect(longFiles(tree)).toEqual([]);
  });

  it('sees a file that is too long, a spec too', () => {
    const files = {
      'libs/one/src/a.ts': '\n'.repeat(MAX_FILE_LINES),
      'libs/one/src/a.spec.ts': '\n'.repeat(MAX_FILE_LINES + 1),
    };
    expect(longFiles(treeOf(files))).toEqual([`libs/one/src/a.spec.ts: ${MAX_FILE_LINES + 1}`]);
  });
});

function folderOf(project: string): string {
  return readdirSync(join(root, 'apps')).includes(project) ? `apps/${project}` : `libs/${project}`;
}

function workspaceProjects(): string[] {
  return ['apps', 'libs'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name),
  );
}

/** The answer of `lint-snippets.mjs` to these snippets. */
function lint(snippets: { file: string; text: string }[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [join(root, 'tools/lint-snippets.mjs')],
      { cwd: root, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NODE_OPTIONS: '', NX_DAEMON: 'false' } },
      (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout)),
    );
    child.stdin!.end(JSON.stringify(snippets));
  });
}
