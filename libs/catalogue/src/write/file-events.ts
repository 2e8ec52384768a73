import { toHex } from '@dfs/protocol';
import type { DurableEventType, FileBatch, FileEventItem } from '@dfs/contracts';
import { toldAttributes } from '../rules/told-attributes.js';
import { slices, type Tx } from '@dfs/database';
import { entryOf } from './path-rows.js';
import type { PathOutcome } from './judged.js';
import type { Change, Entry } from '../ports.js';
import { entryFrom, type FileRow } from '../store/rows.js';
import { isDeleted, PathState } from '../rules/states.js';

/** Files in one event. */
export const FILES_PER_EVENT = 1000;

type FileEventType = Extract<DurableEventType, `file.${string}`>;

/** Records events: all that the catalogue needs of the event log. */
export interface EventSink {
  record(tx: Tx, type: FileEventType, data: FileBatch): Promise<void>;
}

/** Tells of what became of the paths, within the unit of work, at most 1,000 files an event, those of one act by themselves. */
export async function recordEvents(tx: Tx, events: EventSink, outcomes: readonly PathOutcome[]): Promise<void> {
  const batches = new Map<string, { type: FileEventType; act: string | undefined; of: PathOutcome[] }>();
  for (const outcome of outcomes) {
    for (const type of eventsOf(outcome)) {
      const act = outcome.after?.shown.act;
      const key = `${type}:${act}`;
      const batch = batches.get(key) ?? { type, act, of: [] };
      batches.set(key, batch);
      batch.of.push(outcome);
    }
  }
  for (const { type, act, of } of batches.values()) {
    for (const slice of slices(of, FILES_PER_EVENT)) {
      await events.record(tx, type, { files: slice.map(itemOf), ...(act === undefined ? {} : { act }) });
    }
  }
}

/** Whether a file that was shown is not there any more, though nobody has deleted it: what it was made of does not count now. */
export function hasVanished(outcomes: readonly PathOutcome[]): boolean {
  return outcomes.some(({ change, after }) => after === undefined && change.before?.state === PathState.current);
}

/** The same for listeners of the catalogue. */
export function changesOf(outcomes: readonly PathOutcome[]): Change[] {
  return outcomes.flatMap(({ change, after }) => {
    const { fileId, path, heads, fresh, before } = change;
    if (after === undefined) {
      return before ? [{ fileId, path, contentId: null, size: 0, author: '', deleted: true }] : [];
    }
    const changes: Change[] = [
      {
        fileId,
        path,
        contentId: after.state === PathState.current ? after.shown.content : null,
        size: after.state === PathState.current ? after.shown.size : 0,
        author: after.shown.author,
        deleted: isDeleted(after.state),
      },
    ];
    for (const id of fresh) {
      const head = heads.get(id);
      if (head === undefined || head === after.shown || head.kind !== 'file') continue;
      changes.push({ fileId, path, contentId: head.content, size: head.size, author: head.author, deleted: false });
    }
    return changes;
  });
}

function eventsOf({ change, after }: PathOutcome): FileEventType[] {
  const { before, fresh, broughtBack } = change;
  const wasCurrent = before?.state === PathState.current;
  const isCurrent = after?.state === PathState.current;
  const types: FileEventType[] = [];
  if (isCurrent && !wasCurrent) types.push(broughtBack.has(after.shown.id) ? 'file.restored' : 'file.uploaded');
  if (isCurrent && wasCurrent && toHex(before.record_id) !== after.shown.id) {
    types.push(broughtBack.has(after.shown.id) ? 'file.restored' : 'file.updated');
  }
  // Where no record of the path counts any more nobody has deleted it: clients read anew, as `hasVanished` has it.
  if (wasCurrent && after !== undefined && !isCurrent) types.push('file.deleted');
  if (after?.conflict && (before?.conflict !== 1 || fresh.size > 0)) types.push('file.conflict');
  return types;
}

function itemOf({ change, after }: PathOutcome): FileEventItem {
  return itemFrom(after === undefined ? entryFrom(change.before as FileRow) : entryOf(change, after));
}

/** A file, as events tell it. */
export function itemFrom({
  fileId,
  path,
  contentId,
  size,
  mediaType,
  modifiedAt,
  author,
  recordId,
  attributes,
}: Entry): FileEventItem {
  return {
    id: fileId,
    path,
    size,
    mediaType,
    contentId,
    modifiedAt: new Date(modifiedAt).toISOString(),
    author,
    version: recordId,
    ...toldAttributes(attributes),
  };
}
