import { CurrentRows, type Catalogue, type OnlyRows, type PathRowInfo } from '@dfs/catalogue';
import type { WorstState } from '@dfs/contracts';
import type { EventLog } from '@dfs/events';
import type { ContentStates, HolderSets } from '@dfs/placement';
import type { Cid } from '@dfs/protocol';
import {
  firstOf,
  millisecond,
  pause,
  Recurring,
  second,
  stopping,
  type Clock,
  type Log,
  type Unsubscribe,
  type WorkStatus,
} from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import { FileTable } from './file-table.js';
import { FolderView, levelOnly, matching, rowsOnly, type StateFilter } from './narrow.js';
import { signatureOf, tallyOf, type Tally } from './tally.js';

/** Files and contents that are looked up at a time. */
const PAGE = 1000;
/** Rows of a reading of everything that are read at a time: a few milliseconds, for which those wait who ask meanwhile. */
const READ_PAGE = 250;
/** Changes are gathered for so long … */
const GATHER = 250 * millisecond;
/** … so many of them for so long: of new files the holders are heard of one after another, and each time they would be looked up … */
const MANY = PAGE / 2;
const GATHER_MANY = 1500 * millisecond;
/** … and up to so long, where it takes more than a share of the time to follow them. */
const GATHER_AT_MOST = 2 * second;
const SHARE = 4;
/** Of news the holders are looked up again after so long, when they are none any more. */
const NEWS_AGAIN = 16 * second;
/** More changes than that are found sooner by reading everything anew. */
const MOST_CHANGES = 200_000;
/** Filters whose rows are kept, for the pages of their lists, and prefixes whose sums are. */
const KEPT_FILTERS = 16;

/** Sources that the states of all files follow from. */
export interface FileStatesComponents {
  db: FilesComponents['db'];
  catalogue: Pick<Catalogue, 'networkId' | 'onChange'>;
  placement: { readonly states: ContentStates };
  /** Of this node. */
  peerId: string;
  events: Pick<EventLog, 'tell'>;
  clock: Clock;
  log: Log;
}

/**
 * The states of all current files: of each the holder set that its content has, in memory. It follows the catalogue and the
 * holders within two seconds, and who is here at once. Lists are narrowed by it, folders told how their files are, and
 * everything summed up, without a question to the database.
 */
export class FileStates {
  private readonly rows: CurrentRows;
  private readonly updating: Recurring;
  private readonly unsubscribe: Unsubscribe[] = [];
  private readonly firstRead = Promise.withResolvers<undefined>();
  private table: FileTable | undefined;
  private sets: HolderSets | undefined;
  private network: string | undefined;
  private own: number | undefined;
  private isToReadAll = true;
  /** The last run has left some. */
  private isBehind = false;
  private readonly files = new Set<string>();
  private readonly contents = new Set<Cid>();
  private readonly news = new Map<Cid, number>();
  /** Since when changes wait, and since when those did that are being followed. */
  private waitingSince: number | undefined;
  private followedSince: number | undefined;
  private told: { version: number; signature: string } | undefined;
  private readonly kept = new Map<string, OnlyRows>();
  private readonly tallies = new Map<string, Tally>();
  private keptOf = '';
  private folderView: FolderView | undefined;

  constructor(private readonly components: FileStatesComponents) {
    this.rows = new CurrentRows(components.db);
    this.updating = new Recurring(
      {
        name: 'follow the states of files',
        every: () => (this.news.size > 0 ? NEWS_AGAIN : Infinity),
        gather: () => Math.min(GATHER_AT_MOST, Math.max(this.leastGather, SHARE * (this.work().tookMs ?? 0))),
        retry: { first: 1 * second, longest: 60 * second },
        failed: 'the states of files could not be followed',
        run: (signal) => this.run(signal),
      },
      { log: components.log },
    );
  }

  /** Reads everything, in the background, and follows it from then on. */
  start(): void {
    const { catalogue, placement } = this.components;
    this.unsubscribe.push(
      catalogue.onChange((changes) =>
        this.changed(
          changes.map(({ fileId }) => fileId),
          [],
        ),
      ),
      placement.states.onChange((contents) => {
        if (contents === 'all') this.isToReadAll = true;
        this.changed([], contents === 'all' ? [] : contents);
      }),
    );
    this.waitingSince = this.components.clock.now();
    this.updating.start(0);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    await this.updating.stop();
    this.firstRead.resolve(undefined);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.updating.status();
  }

  /** All that had happened until then is known; ms since 1970. */
  asOf(): number {
    return this.followedSince ?? this.waitingSince ?? this.components.clock.now();
  }

  /** The rows of the current files that match; waits for the first reading. */
  async only(filter: StateFilter): Promise<OnlyRows> {
    const { table, sets } = await this.ready();
    return this.keep(filter.name, () => rowsOnly(table, matching(sets, filter), filter.name));
  }

  /** Those directly in a folder, its path with a slash at the end, and the folders directly in it that have some beneath. */
  async onlyOfLevel(filter: StateFilter, folder: string): Promise<OnlyRows> {
    const { table, sets } = await this.ready();
    return this.keep(`${filter.name} ${folder}`, () => levelOnly(table, matching(sets, filter), filter.name, folder));
  }

  /** How the files beneath a folder are that are worst off; null without files, and while it is not known yet. */
  worst(folder: string): WorstState | null {
    const { table, sets } = this;
    if (!table || !sets) return null;
    this.look();
    this.folderView ??= new FolderView(table, sets);
    return this.folderView.worst(folder);
  }

  /** The sums over all files beneath a prefix, which is empty or a folder with a slash at its end. */
  async tally(prefix: string): Promise<Readonly<Tally>> {
    const { table, sets } = await this.ready();
    const known = this.tallies.get(prefix);
    if (known) return known;
    if (this.tallies.size >= KEPT_FILTERS) this.tallies.clear();
    const tally = tallyOf(table, sets, prefix);
    this.tallies.set(prefix, tally);
    return tally;
  }

  /** Where many were left by the run before, they have waited already. */
  private get leastGather(): number {
    const isMany = this.files.size + this.contents.size >= MANY;
    return isMany && !this.isBehind ? GATHER_MANY : GATHER;
  }

  private changed(files: readonly string[], contents: Iterable<Cid>): void {
    for (const file of files) this.files.add(file);
    for (const content of contents) this.contents.add(content);
    if (this.files.size + this.contents.size > MOST_CHANGES) {
      this.isToReadAll = true;
      this.forgetChanges();
    }
    if (this.files.size + this.contents.size > 0 || this.isToReadAll) this.waitingSince ??= this.components.clock.now();
    this.updating.soon();
  }

  private forgetChanges(): void {
    this.files.clear();
    this.contents.clear();
  }

  private async ready(): Promise<{ table: FileTable; sets: HolderSets }> {
    await this.firstRead.promise;
    const { table, sets } = this;
    if (!table || !sets) throw stopping();
    this.look();
    return { table, sets };
  }

  /** Has the states follow who is here now; what was derived from others is derived anew. */
  private look(): void {
    const { table, sets } = this;
    if (!table || !sets) return;
    this.components.placement.states.look(sets);
    const of = `${table.version} ${sets.version}`;
    if (of === this.keptOf) return;
    this.keptOf = of;
    this.kept.clear();
    this.tallies.clear();
    this.folderView = undefined;
  }

  private keep(name: string, make: () => OnlyRows): OnlyRows {
    const known = this.kept.get(name);
    if (known) return known;
    if (this.kept.size >= KEPT_FILTERS) this.kept.clear();
    const made = make();
    this.kept.set(name, made);
    return made;
  }

  private async run(signal: AbortSignal): Promise<'again' | 'idle'> {
    this.followedSince = this.waitingSince ?? this.followedSince;
    this.waitingSince = undefined;
    try {
      if (this.isToReadAll || this.network !== this.components.catalogue.networkId) await this.readAll(signal);
      else await this.follow();
    } catch (error) {
      // The changes that were taken may not have been followed.
      this.isToReadAll = true;
      this.waitingSince = this.followedSince ?? this.components.clock.now();
      this.followedSince = undefined;
      throw error;
    }
    const isLeft = this.isToReadAll || this.files.size + this.contents.size > 0;
    this.isBehind = isLeft;
    if (isLeft) this.waitingSince ??= this.followedSince ?? this.components.clock.now();
    else this.waitingSince = undefined;
    this.followedSince = undefined;
    if (this.table) this.firstRead.resolve(undefined);
    this.tellStates();
    return isLeft ? 'again' : 'idle';
  }

  /** A new table, while the old one still answers. */
  private async readAll(signal: AbortSignal): Promise<void> {
    const { networkId } = this.components.catalogue;
    this.isToReadAll = false;
    this.forgetChanges();
    this.own = await this.rows.authorOf(this.components.peerId);
    const table = new FileTable();
    let sets: HolderSets | undefined;
    for (let row = 0; ;) {
      const began = performance.now();
      const page = await this.rows.after(row, READ_PAGE);
      const taken = await this.take(table, page, sets);
      // Numbers of other sets came meanwhile.
      if (!taken) {
        this.isToReadAll = true;
        return;
      }
      sets = taken;
      if (page.length < READ_PAGE) break;
      row = page.at(-1)!.row;
      await pause((performance.now() - began) / 2, signal);
    }
    this.table = table;
    this.sets = sets;
    this.network = networkId;
    this.folderView = undefined;
    this.keptOf = '';
    if (this.told) this.told.version = -1;
  }

  private async follow(): Promise<void> {
    const { table, sets } = this;
    if (!table || !sets) return;
    const now = this.components.clock.now();
    for (const [content, since] of this.news) {
      if (now - since < NEWS_AGAIN && now >= since) continue;
      this.news.delete(content);
      this.contents.add(content);
    }
    this.own ??= await this.rows.authorOf(this.components.peerId);
    const files = takeSome(this.files);
    const contents = takeSome(this.contents);
    const named = await this.rows.of(files);
    // Those that are named are read already, and mostly show what has come to be held.
    const others = await this.rows.showing(contents, named);
    // No record of a path counts any more: it has no row, and nobody says which one it had.
    if (named.length < files.length) this.isToReadAll = true;
    if (!(await this.take(table, [...named, ...others], sets))) this.isToReadAll = true;
  }

  /** @returns the sets that numbers are of; undefined, and nothing taken, where they are not the ones given */
  private async take(
    table: FileTable,
    rows: readonly PathRowInfo[],
    known: HolderSets | undefined,
  ): Promise<HolderSets | undefined> {
    const { sets, numbers } = await this.components.placement.states.setsOf(
      rows.flatMap(({ content }) => content ?? []),
    );
    if (known && sets !== known) return undefined;
    for (const row of rows) {
      const number = row.content === null ? 0 : numbers.get(row.content.contentId)!;
      if (row.content && sets.isNews(number)) this.news.set(row.content.contentId, this.components.clock.now());
      table.put(row, number, row.author === this.own);
    }
    return sets;
  }

  /** Members came or went, and files are in other states for it: of single files others tell. */
  private tellStates(): void {
    const { table, sets } = this;
    if (!table || !sets) return;
    this.look();
    const { version } = sets;
    if (this.told?.version === version) return;
    const signature = signatureOf(table, sets);
    const isNew = this.told !== undefined && this.told.signature !== signature;
    this.told = { version, signature };
    if (isNew) this.components.events.tell('file.states', { asOf: new Date(this.asOf()).toISOString() });
  }
}

function takeSome<T>(from: Set<T>): T[] {
  const some = firstOf(from, PAGE);
  for (const one of some) from.delete(one);
  return some;
}
