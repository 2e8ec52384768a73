import ts from 'typescript';

/**
 * Rewrites the specifiers of what a module imports, exports from others, or imports while it runs.
 * @param {string} text of an ES module
 * @param {(specifier: string) => string} change
 */
export function ownSpecifiers(text, change) {
  let result = '';
  let at = 0;
  const { importedFiles } = ts.preProcessFile(text, true, true);
  for (const { fileName, pos, end } of importedFiles.sort((a, b) => a.pos - b.pos)) {
    // Its quotes stand at both ends.
    const [from, to] = text.slice(pos, end) === fileName ? [pos, end] : [pos + 1, pos + 1 + fileName.length];
    result += text.slice(at, from) + change(fileName);
    at = to;
  }
  return result + text.slice(at);
}
