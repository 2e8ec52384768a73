import type { AnyEvent, FileEventItem } from '@dfs/contracts';

/** Changes of one kind by one node that follow each other within this time are one line. Milliseconds. */
const TOGETHER_MS = 60_000;

const MERGED = ['file.uploaded', 'file.updated', 'file.deleted', 'file.restored'] as const;
type Merged = Extract<AnyEvent, { type: (typeof MERGED)[number] }>;

/** The events as a person would tell them, newest first: a hundred uploads in a row are one thing that happened. */
export function digest(events: readonly AnyEvent[]): AnyEvent[] {
  const told: AnyEvent[] = [];
  for (const event of events) {
    const newer = told.at(-1);
    if (newer && isMerged(newer) && isMerged(event) && belongTogether(newer, event)) {
      told[told.length - 1] = { ...newer, data: { files: [...newer.data.files, ...event.data.files] } };
    } else {
      told.push(event);
    }
  }
  return told;
}

function belongTogether(newer: Merged, older: Merged): boolean {
  return (
    newer.type === older.type &&
    authorOf(newer.data.files) === authorOf(older.data.files) &&
    Date.parse(newer.time) - Date.parse(older.time) < TOGETHER_MS
  );
}

/** The author of all of them; null when there are several. */
function authorOf(files: readonly FileEventItem[]): string | null {
  const author = files[0]?.author ?? null;
  return files.every((file) => file.author === author) ? author : null;
}

function isMerged(event: AnyEvent): event is Merged {
  return (MERGED as readonly string[]).includes(event.type);
}
