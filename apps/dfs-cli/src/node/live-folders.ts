import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { listLiveFolders, type LiveFolderInfo } from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import { shown } from '../output/printer.js';
import type { Connection } from './connection.js';

/** How the help says what names a live folder. */
export const WHICH = 'its id, name or directory';

/** All live folders of the node. */
export async function liveFolders(node: Connection): Promise<LiveFolderInfo[]> {
  return (await node.read(() => listLiveFolders({ client: node.client }))).items;
}

/**
 * The one that a person means by its id, root or name.
 * @throws Failure where there is none, or several have the name
 */
export async function liveFolder(node: Connection, typed: string): Promise<LiveFolderInfo> {
  return chosen(await liveFolders(node), typed, node.isLocal ? await resolved(typed) : typed);
}

/** The one that is named, or all of them. @throws Failure as `liveFolder` */
export async function liveFoldersOf(node: Connection, typed: string | undefined): Promise<LiveFolderInfo[]> {
  return typed === undefined ? liveFolders(node) : [await liveFolder(node, typed)];
}

/**
 * @param root the same text as a directory, as the node names it
 * @throws Failure where none is meant, or several are
 */
export function chosen(folders: readonly LiveFolderInfo[], typed: string, root: string): LiveFolderInfo {
  const one =
    folders.find(({ id }) => id === typed) ?? folders.find((folder) => folder.root === typed || folder.root === root);
  if (one) return one;
  const named = folders.filter(({ name }) => name === typed);
  const [first] = named;
  if (named.length > 1) {
    const ids = named.map(({ id }) => id).join(', ');
    throw new Failure(`${typed}: several live folders have this name; give the id of one: ${ids}.`, EXIT.conflict);
  }
  if (first) return first;
  throw new Failure(`${typed}: this node has no such live folder; dfs folder ls lists them.`, EXIT.notFound);
}

/** A folder of the network, as people read it. */
export function shownPrefix(prefix: string): string {
  return prefix === '' ? '(all of the network)' : `${shown(prefix)}/`;
}

/** A directory of this machine without links in it; as it was typed where there is none. */
async function resolved(typed: string): Promise<string> {
  const path = resolve(typed);
  return realpath(path).catch(() => path);
}

/**
 * Whether nobody has to look after it, as the node's own health has it: it works, a person has paused it, or it waits for a first sync
 * with another member.
 */
export function isWell({ state, reason, held }: Pick<LiveFolderInfo, 'state' | 'reason' | 'held'>): boolean {
  if (state === 'paused') return held === 0 && (reason === 'asked' || reason === 'not-synced');
  return held === 0 && state !== 'held' && state !== 'error';
}
