/**
 * Lints pieces of text as if they stood in the named files: reads `[{ file, text }]` as JSON from standard input and
 * writes `[{ file, messages: [{ ruleId, message }] }]`. A process of its own, since ESLint's configuration cannot be
 * loaded within a jest sandbox.
 */
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import { createProjectGraphAsync, readCachedProjectGraph } from 'nx/src/devkit-exports.js';

// The rule of the layers reads the projects that nx has left on disk, and lets everything pass where nx has not run yet.
try {
  readCachedProjectGraph();
} catch {
  await createProjectGraphAsync();
}

const eslint = new ESLint({
  // A file that is not on disk has no types: only the rules that need none are asked.
  overrideConfig: [
    {
      files: ['**/*.ts', '**/*.mjs'],
      languageOptions: { parserOptions: { projectService: false, project: null, program: null } },
    },
  ],
  ruleFilter: ({ ruleId }) =>
    ['@nx/enforce-module-boundaries', '@angular-eslint/template/i18n'].includes(ruleId) ||
    ruleId.startsWith('no-restricted-') ||
    ruleId.startsWith('jsdoc/') ||
    ruleId.startsWith('comments/'),
});

/** @type {{ file: string, text: string }[]} */
const snippets = JSON.parse(await text(process.stdin));
const answers = [];
for (const { file, text: code } of snippets) {
  const [result] = await eslint.lintText(code, { filePath: file });
  answers.push({ file, messages: (result?.messages ?? []).map(({ ruleId, message }) => ({ ruleId, message })) });
}
process.stdout.write(JSON.stringify(answers));
