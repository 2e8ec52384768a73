/** Where the console stands: empty at the root of its host, `/dfs` behind a proxy that has it there. */
export function basePath(): string {
  const base = globalThis.document?.baseURI;
  return base === undefined ? '' : new URL(base).pathname.replace(/\/[^/]*$/, '');
}

/** An address of the node, from where the console stands. @param path as the contract has it, from the root */
export function atBase(path: string): string {
  return path.startsWith('/') ? basePath() + path : path;
}
