/**
 * Compares the messages of the console, as Angular's compiler finds them in templates and code, with the German texts: each must have
 * one, with the same places for what is put in, and no text may be left over.
 *
 *     node tools/messages.mjs            tells what is missing or left over; ends with 1 where something is
 *     node tools/messages.mjs --json     prints all messages
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { MessageExtractor } from '@angular/localize/tools';
import * as compilerCli from '@angular/compiler-cli';
import { transformSync } from '@swc/core';

/** Its types are written for bundlers: the compiler of the tools does not find them. @type {any} */
const { formatDiagnostics, NodeJSFileSystem, performCompilation, readConfiguration } = compilerCli;

const ROOT = join(import.meta.dirname, '..');
const TEXTS = join(ROOT, 'apps/client-ui/src/i18n/de.json');

/** Outside of the tree: lint and others that walk it find nothing of this. */
const out = mkdtempSync(join(tmpdir(), 'dfs-messages-'));
try {
  const messages = messagesOf(out);
  if (process.argv.includes('--json')) console.log(JSON.stringify(messages, null, 2));
  else process.exitCode = report(messages, JSON.parse(readFileSync(TEXTS, 'utf8')));
} finally {
  rmSync(out, { recursive: true, force: true });
}

/**
 * Of all parts of the console, by key: the text, or its meaning, `¦` and the text.
 * @param {string} folder for what is compiled
 * @returns {string[]}
 */
function messagesOf(folder) {
  const app = join(ROOT, 'apps/client-ui');
  // The build has checked the types.
  const options = { outDir: folder, rootDir: join(app, 'src'), sourceMap: false, noCheck: true };
  const configuration = readConfiguration(join(app, 'tsconfig.app.json'), options);
  const { diagnostics } = performCompilation({ ...configuration, gatherDiagnostics: () => configuration.errors });
  if (diagnostics.length > 0) throw new Error(`The console does not compile:\n${formatDiagnostics(diagnostics)}`);
  // Beside the console itself, without templates.
  for (const file of globSync(join(ROOT, 'libs/client-data/src/**/*.ts'))) {
    if (!file.endsWith('.spec.ts')) writeFileSync(join(folder, `data-${basename(file, '.ts')}.js`), plain(file));
  }
  const quiet = { level: 3, debug() {}, info() {}, warn() {}, error() {} };
  const extractor = new MessageExtractor(new NodeJSFileSystem(), /** @type {any} */ (quiet), {
    basePath: /** @type {any} */ (folder),
    useSourceMaps: false,
  });
  const found = globSync(join(folder, '**/*.js')).flatMap((file) => extractor.extractMessages(file));
  const keys = found.map(({ text, meaning }) => (meaning ? `${meaning}¦${text.trim()}` : text.trim()));
  return [...new Set(keys)].sort();
}

/**
 * A file of TypeScript as JavaScript.
 * @param {string} file
 */
function plain(file) {
  const jsc = {
    parser: { syntax: /** @type {const} */ ('typescript'), decorators: true },
    target: /** @type {const} */ ('es2022'),
  };
  return transformSync(readFileSync(file, 'utf8'), { jsc }).code;
}

/**
 * @param {string[]} messages
 * @param {Record<string, string>} german
 * @returns {number} the exit code
 */
function report(messages, german) {
  const known = new Set(messages);
  const missing = messages.filter((key) => !Object.hasOwn(german, key));
  const left = Object.keys(german).filter((key) => !known.has(key));
  const other = messages.filter((key) => Object.hasOwn(german, key) && placesOf(key) !== placesOf(german[key] ?? ''));
  for (const key of missing) console.log(`missing: ${JSON.stringify(key)}`);
  for (const key of left) console.log(`left over: ${JSON.stringify(key)}`);
  for (const key of other) console.log(`other places: ${JSON.stringify(key)}`);
  console.log(`${messages.length} messages, ${missing.length} without German`);
  return missing.length + left.length + other.length === 0 ? 0 : 1;
}

/**
 * The places of a text, sorted: what is put in must be there once in each language.
 * @param {string} text
 */
function placesOf(text) {
  return [...text.matchAll(/\{\$\w+\}/g)]
    .map(([place]) => place)
    .sort()
    .join(' ');
}
