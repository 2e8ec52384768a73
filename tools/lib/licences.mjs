import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Up to the innermost package: `node_modules/a/node_modules/@b/c` of a file in it. */
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const TEXT = /^(licen[cs]e|copying|notice)/i;

/**
 * The folders of the packages whose code is in some bundles.
 * @param {import('esbuild').Metafile[]} made
 * @returns {string[]}
 */
export function packagesOf(made) {
  const files = made.flatMap(({ outputs }) => Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)));
  const folders = files.flatMap(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (PACKAGE.exec(file)?.slice(0, 1) ?? []) : [],
  );
  return [...new Set(folders)];
}

/**
 * The packages whose code is in some bundles, each with its version, its licence and the text of that as the package brings it. The
 * working directory is the one that the bundle was made in.
 * @param {import('esbuild').Metafile[]} made
 * @returns {string}
 */
export function licencesOf(made) {
  const parts = packagesOf(made).map((folder) => {
    const { name, version, license, licenses, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const texts = readdirSync(folder).filter((file) => TEXT.test(file));
    const by = author?.name ?? author;
    return [
      `${name} ${version}`,
      `Licence: ${license?.type ?? license ?? licenses?.[0]?.type ?? 'see below'}${by === undefined ? '' : `, by ${by}`}`,
      ...texts.map((file) => `\n${readFileSync(join(folder, file), 'utf8').trim()}`),
    ].join('\n');
  });
  return `The packages inside, and their licences.\n\n${[...new Set(parts)].sort().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
