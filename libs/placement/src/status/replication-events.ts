import type { Replication } from '@dfs/contracts';
import { slices } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { Cid } from '@dfs/protocol';
import { firstOf, Oldest, Recurring, second, type Clock, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { WATCHED_FILES } from '../limits.js';
import { TELL_EVERY } from '@dfs/transfer';
import type { ContentChange } from '../ports.js';

/** A content heard of so recently is on its way rather than unavailable. */
const NEWS_TIME = 15 * second;

/** Files of one event, and contents looked up at a time. */
const PAGE = 1000;
/** Of the files that share one content, the newest are told of. */
const FILES_PER_CONTENT = PAGE;
/** Telling takes at most this share of the time. */
const TELL_SHARE = 5;

/** `replication` gives the states of contents, which are compared with those told before. */
export interface ReplicationEventsComponents {
  replication(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, Replication>>;
  events: Pick<EventLog, 'tell'>;
  clock: Clock;
  log: Log;
}

/** Of the most that are watched, many megabytes: nearly all have one file, and all of one holder set share what was told. */
interface Watched {
  contentId: Cid;
  size: number;
  since: number;
  /** The oldest first. */
  files: readonly { id: string; path: string }[];
  told: Replication | undefined;
}

/** Follows new files until they are safe, and tells of each step: `file.replication`. */
export class ReplicationEvents {
  private readonly watched = new Map<Cid, Watched>();
  private readonly oldest = new Oldest(this.watched);
  /** Which content each file that is followed shows. */
  private readonly shown = new Map<string, Cid>();
  private readonly dirty = new Set<Cid>();
  private readonly telling: Recurring;

  constructor(private readonly components: ReplicationEventsComponents) {
    this.telling = new Recurring(
      {
        name: 'tell how far new files are copied',
        every: () => (this.dirty.size > 0 ? TELL_EVERY : Infinity),
        gather: () => Math.max(TELL_EVERY, TELL_SHARE * (this.work().tookMs ?? 0)),
        failed: 'states of new files could not be told',
        run: () => this.tell(),
      },
      { log: components.log },
    ).start();
  }

  /** Files that were just written, here or elsewhere. */
  follow(changes: readonly ContentChange[]): void {
    const shown = new Set<string>();
    for (const { contentId, size, fileId, path, deleted } of changes) {
      // Of each path what it shows comes first; the other sides of a conflict are none of its state.
      const isShown = !shown.has(fileId);
      shown.add(fileId);
      if (isShown) this.leave(fileId);
      if (contentId === null || deleted) continue;
      const since = this.components.clock.now();
      const watched = this.watched.get(contentId) ?? { contentId, size, since, files: [], told: undefined };
      if (isShown) this.enter(watched, fileId, path);
      watched.since = since;
      watched.told = undefined;
      this.watched.delete(contentId);
      this.watched.set(contentId, watched);
      if (this.watched.size > WATCHED_FILES) this.drop(this.oldest.next() as Cid);
      this.dirty.add(contentId);
    }
    if (this.dirty.size > 0) this.telling.soon();
  }

  /** Holders of these contents changed; of all contents when left out. */
  changed(contents: Iterable<Cid> = this.watched.keys()): void {
    for (const content of contents) if (this.watched.has(content)) this.dirty.add(content);
    if (this.dirty.size > 0) this.telling.soon();
  }

  isNews(content: Cid): boolean {
    const watched = this.watched.get(content);
    return watched !== undefined && this.components.clock.now() - watched.since < NEWS_TIME;
  }

  /** Path of one of the files with this content, if it is a new one. */
  pathOf(content: Cid): string | null {
    return this.watched.get(content)?.files[0]?.path ?? null;
  }

  stop(): Promise<void> {
    return this.telling.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.telling.status();
  }

  private enter(watched: Watched, id: string, path: string): void {
    this.shown.set(id, watched.contentId);
    const isFull = watched.files.length >= FILES_PER_CONTENT;
    if (isFull) this.shown.delete(watched.files[0]!.id);
    watched.files = [...(isFull ? watched.files.slice(1) : watched.files), { id, path }];
  }

  /** It shows something else now, or nothing. */
  private leave(fileId: string): void {
    const watched = this.watched.get(this.shown.get(fileId)!);
    if (watched) watched.files = watched.files.filter(({ id }) => id !== fileId);
    this.shown.delete(fileId);
  }

  private drop(content: Cid): void {
    for (const { id } of this.watched.get(content)?.files ?? []) this.shown.delete(id);
    this.watched.delete(content);
  }

  private async tell(): Promise<Ran> {
    const contents = firstOf(this.dirty, PAGE);
    for (const content of contents) this.dirty.delete(content);
    const page = contents.flatMap((content) => this.watched.get(content) ?? []);
    const states = await this.components.replication(page);
    const files = page.flatMap((watched) => this.news(watched, states.get(watched.contentId)!));
    for (const some of slices(files, PAGE)) this.components.events.tell('file.replication', { files: some });
    return this.dirty.size > 0 ? 'again' : 'idle';
  }

  private news(watched: Watched, replication: Replication): { id: string; path: string; replication: Replication }[] {
    if (replication.state === 'safe') this.drop(watched.contentId);
    if (isSame(watched.told, replication)) return [];
    watched.told = replication;
    return watched.files.map(({ id, path }) => ({ id, path, replication }));
  }
}

function isSame(told: Replication | undefined, now: Replication): boolean {
  if (told === undefined || told.state !== now.state || told.reason !== now.reason) return false;
  return told.copies === now.copies && told.target === now.target && told.reachable === now.reachable;
}
