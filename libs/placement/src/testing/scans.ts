import type { WorldNode } from './world.js';

/** Counts the pages of contents that scans of the whole catalogue read from now on. */
export function pagesRead(node: WorldNode): () => number {
  let pages = 0;
  const keys = node.contents.keys.bind(node.contents);
  node.contents.keys = () => {
    pages++;
    return keys();
  };
  return () => pages;
}
