import { withAct, type Draft, type SaidByRecord, type ShownPath } from '@dfs/catalogue';
import type { SkippedPath } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';

/** One path of an act, as it was when the act began. */
export interface ActItem {
  /** `back`: the record `was` is said anew. */
  does: 'delete' | 'move' | 'copy' | 'back';
  path: string;
  /** Id of the record it showed: where it shows another one, it stays as it is. */
  record: string;
  /** Where a move or copy goes. */
  target?: string;
  /** The version that comes back. */
  was?: string;
}

/** An item, and what it is of. */
export interface PlannedItem extends ActItem {
  file: boolean;
  /** Bytes of the file. */
  size: number;
}

/** The result of an act. */
export interface ActDone {
  files: number;
  bytes: number;
  folders: number;
  /** Of an act that brings back: files that went. */
  deleted: number;
  /** Contents that came back, each once, with its size. */
  contents: Map<Cid, number>;
  skipped: SkippedPath[];
}

/** The sum that an act begins with. */
export function nothingDone(): ActDone {
  return { files: 0, bytes: 0, folders: 0, deleted: 0, contents: new Map(), skipped: [] };
}

type Parts = Pick<FilesComponents, 'catalogue'>;

/**
 * Writes the changes of these paths, in one unit of work. A path that has changed since is skipped and named; any other
 * refusal is that of all of them.
 * @param act 16 bytes
 */
export async function doItems(
  { catalogue }: Parts,
  tx: Tx,
  items: readonly ActItem[],
  act: Uint8Array,
): Promise<ActDone> {
  const ends = items.flatMap(({ path, target }) => (target === undefined ? [path] : [path, target]));
  const shown = await catalogue.folders.shown(ends, tx);
  const said = await catalogue.folders.said(items.map(sourceOf), tx);
  const leaving = new Set(items.filter(({ does }) => does === 'move' || does === 'delete').map(({ path }) => path));
  const done = nothingDone();
  const gone: Draft[] = [];
  const made: Draft[] = [];
  const isBack = items.some(({ does }) => does === 'back');
  for (const item of items) {
    const now = shown.get(item.path);
    const source = said.get(sourceOf(item));
    const target = item.target === undefined ? undefined : shown.get(item.target);
    const reason = whyNot(item, now, source, target !== undefined && leaving.has(target.path) ? undefined : target);
    if (reason !== undefined) {
      done.skipped.push({ path: item.path, code: reason.code, detail: reason.message });
      continue;
    }
    if (item.does === 'delete' || item.does === 'move') {
      gone.push({ kind: 'deletion', path: item.path, replaces: 'all', attributes: { act } });
    }
    const draft = item.does === 'delete' ? undefined : madeOf(item, source as SaidByRecord, act);
    if (draft) made.push(draft);
    count(done, item, isBack, draft, now as ShownPath);
  }
  // A file that leaves a path makes room for one that comes to it.
  if (gone.length + made.length > 0) await catalogue.commit(tx, [...gone, ...made]);
  return done;
}

function sourceOf({ record, was }: ActItem): string {
  return was ?? record;
}

function whyNot(
  item: ActItem,
  now: ShownPath | undefined,
  source: SaidByRecord | undefined,
  target: ShownPath | undefined,
): DfsError | undefined {
  if (now?.record !== item.record) {
    return new DfsError('precondition-failed', 'It was changed after the act began, and stays as it is.');
  }
  if (target?.kind === 'file') {
    return new DfsError('path-exists', `There is a file at ${target.path} already: choose another name.`);
  }
  if (item.does !== 'delete' && source === undefined) {
    return new DfsError(
      'version-not-found',
      'This node does not know yet what was there: try again when it has synced.',
    );
  }
  return undefined;
}

function madeOf({ does, path, target }: ActItem, said: SaidByRecord, act: Uint8Array): Draft {
  const to = target ?? path;
  if (said.kind === 'folder') return { kind: 'folder', path: to, attributes: { act } };
  const { contentId, size, mediaType, time } = said;
  const attributes = withAct(said.attributes, act);
  const file = { kind: 'file', path: to, contentId: contentId ?? EMPTY_CONTENT, size, mediaType, attributes } as const;
  if (does === 'move') return { ...file, time, from: path, isNew: true };
  if (does === 'copy') return { ...file, isNew: true };
  return { ...file, replaces: 'all', from: path };
}

function count(done: ActDone, { does }: ActItem, isBack: boolean, made: Draft | undefined, now: ShownPath): void {
  const isFile = made === undefined ? now.kind === 'file' : made.kind === 'file';
  if (!isFile) done.folders += 1;
  else if (does === 'delete' && isBack) done.deleted += 1;
  else {
    done.files += 1;
    done.bytes += made?.size ?? now.size;
  }
  if (does === 'back' && made?.contentId && made.contentId !== EMPTY_CONTENT) {
    done.contents.set(made.contentId, made.size ?? 0);
  }
}
