import { restoration, withAct, type Draft, type SaidByRecord, type ShownPath } from '@dfs/catalogue';
import type { SkippedPath } from '@dfs/contracts';
import type { Reader, Tx } from '@dfs/database';
import { EMPTY_CONTENT, fileIdOf, type Cid } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import type { ComingBack } from '../versions/gone-contents.js';
import { isPurged } from '../versions/versions.js';

/** One path of an act, as it was when the act began. */
export interface ActItem {
  /** `back`: the record `was` is said anew. `restore`: the last file that was there. `choose`: what is shown, alone. */
  does: 'delete' | 'purge' | 'move' | 'copy' | 'back' | 'restore' | 'choose';
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

/** The records from which the items of one unit of work are made. */
interface Sources {
  shown: ReadonlyMap<string, ShownPath>;
  said: ReadonlyMap<string, SaidByRecord>;
  /** Paths that something leaves in the same unit of work. */
  leaving: ReadonlySet<string>;
  gone: ReadonlySet<Cid>;
  restored: (path: string) => Promise<Draft>;
}

/**
 * Writes the changes of these paths, in one unit of work. A path that has changed since is skipped and named; any other
 * refusal is that of all of them.
 * @param act 16 bytes
 * @param gone contents that nobody has any more: what would bring them back is skipped
 */
export async function doItems(
  { catalogue }: Parts,
  tx: Tx,
  items: readonly ActItem[],
  act: Uint8Array,
  gone: ReadonlySet<Cid> = new Set(),
): Promise<ActDone> {
  const ends = items.flatMap(({ path, target }) => (target === undefined ? [path] : [path, target]));
  const sources: Sources = {
    shown: await catalogue.folders.shown(ends, tx),
    said: await catalogue.folders.said(items.map(sourceOf), tx),
    leaving: new Set(items.filter(leaves).map(({ path }) => path)),
    gone,
    restored: (path) => restoration(tx, fileIdOf(catalogue.networkId, path)),
  };
  const done = nothingDone();
  const deletions: Draft[] = [];
  const made: Draft[] = [];
  const isBack = items.some(({ does }) => does === 'back');
  for (const item of items) {
    const drafts = await draftsOf(item, sources, act);
    if (drafts instanceof DfsError) {
      done.skipped.push({ path: item.path, code: drafts.code, detail: drafts.message });
      continue;
    }
    if (drafts.deletion) deletions.push(drafts.deletion);
    if (drafts.made) made.push(drafts.made);
    count(done, item, isBack, drafts.made, sources.shown.get(item.path) as ShownPath);
  }
  // A file that leaves a path makes room for one that comes to it.
  if (deletions.length + made.length > 0) await catalogue.commit(tx, [...deletions, ...made]);
  return done;
}

/** The contents that these items would bring back. */
export async function contentsBroughtBack(
  { catalogue }: Parts,
  reader: Reader,
  items: readonly ActItem[],
): Promise<ComingBack[]> {
  const contents: ComingBack[] = [];
  const said = await catalogue.folders.said(
    items.flatMap(({ was }) => was ?? []),
    reader,
  );
  for (const { does, path, was, record } of items) {
    let back: { contentId?: Cid | null; size?: number } | undefined = was === undefined ? undefined : said.get(was);
    if (does === 'restore') {
      const draft = await orRefusal(restoration(reader, fileIdOf(catalogue.networkId, path)));
      back = draft instanceof DfsError ? undefined : draft;
    }
    if (back?.contentId) contents.push({ contentId: back.contentId, size: back.size ?? 0, shown: record });
  }
  return contents;
}

function leaves({ does }: ActItem): boolean {
  return does === 'move' || does === 'delete' || does === 'purge';
}

function sourceOf({ record, was }: ActItem): string {
  return was ?? record;
}

/** The records of one item: the deletion of what was there, and what is made; or the reason why it stays as it is. */
async function draftsOf(
  item: ActItem,
  sources: Sources,
  act: Uint8Array,
): Promise<{ deletion?: Draft; made?: Draft } | DfsError> {
  const { path, does, target } = item;
  const now = sources.shown.get(path);
  if (now?.record !== item.record) {
    return new DfsError('precondition-failed', 'It was changed after the act began, and stays as it is.');
  }
  const there = target === undefined ? undefined : sources.shown.get(target);
  if (there?.kind === 'file' && !sources.leaving.has(there.path)) {
    return new DfsError('path-exists', `There is a file at ${there.path} already: choose another name.`);
  }
  if (does === 'delete' || does === 'purge') {
    const attributes = does === 'purge' ? { act, purge: true as const } : { act };
    return { deletion: { kind: 'deletion', path, replaces: 'all', attributes } };
  }
  if (does === 'restore') {
    const draft = await orRefusal(sources.restored(path));
    if (draft instanceof DfsError) return draft;
    if (draft.contentId && sources.gone.has(draft.contentId)) return isPurged();
    return { made: { ...draft, attributes: withAct(draft.attributes ?? {}, act) } };
  }
  const source = sources.said.get(sourceOf(item));
  if (source === undefined || (does === 'choose' && source.kind === 'folder')) {
    return new DfsError(
      'version-not-found',
      'This node does not know yet what was there: try again when it has synced.',
    );
  }
  if (does === 'choose' && !now.conflict) {
    return new DfsError('conflict', 'The file is not in conflict any more: there is nothing to choose.');
  }
  if (does === 'back' && source.contentId && sources.gone.has(source.contentId)) return isPurged();
  const made = madeOf(item, source, act);
  return does === 'move'
    ? { deletion: { kind: 'deletion', path, replaces: 'all', attributes: { act } }, made }
    : { made };
}

/** A refusal is a value: of one item among many. */
async function orRefusal<T>(made: Promise<T>): Promise<T | DfsError> {
  try {
    return await made;
  } catch (error) {
    if (error instanceof DfsError) return error;
    throw error;
  }
}

function madeOf({ does, path, target }: ActItem, said: SaidByRecord, act: Uint8Array): Draft {
  const to = target ?? path;
  if (said.kind === 'deletion') return { kind: 'deletion', path: to, replaces: 'all', attributes: { act } };
  if (said.kind === 'folder') return { kind: 'folder', path: to, attributes: { act } };
  const { contentId, size, mediaType, time } = said;
  const attributes = withAct(said.attributes, act);
  const file = { kind: 'file', path: to, contentId: contentId ?? EMPTY_CONTENT, size, mediaType, attributes } as const;
  if (does === 'move') return { ...file, time, from: path, isNew: true };
  if (does === 'copy') return { ...file, isNew: true };
  if (does === 'choose') return { ...file, replaces: 'all' };
  return { ...file, replaces: 'all', from: path };
}

function count(done: ActDone, { does }: ActItem, isBack: boolean, made: Draft | undefined, now: ShownPath): void {
  const isFile = (made?.kind ?? now.kind) !== 'folder';
  if (!isFile) done.folders += 1;
  else if (does === 'delete' && isBack) done.deleted += 1;
  else {
    done.files += 1;
    done.bytes += made?.size ?? now.size;
  }
  if ((does === 'back' || does === 'restore') && made?.contentId && made.contentId !== EMPTY_CONTENT) {
    done.contents.set(made.contentId, made.size ?? 0);
  }
}
