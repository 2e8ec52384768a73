import {
  REACHES,
  REPLICATION_STATES,
  type FileSum,
  type LocalState,
  type Reach,
  type ReplicationReason,
  type ReplicationState,
} from '@dfs/contracts';
import type { HolderSets } from '@dfs/placement';
import type { FileTable } from './file-table.js';
import { reachOf } from './narrow.js';

/** Sums over current files. */
export interface Tally {
  /** Copies wanted. */
  target: number;
  files: FileSum;
  promised: Record<ReplicationState, FileSum>;
  reachable: Record<Reach, FileSum>;
  local: Record<LocalState, FileSum>;
  /** Of files that are not safe, by why. */
  reasons: Record<ReplicationReason, FileSum>;
  /** Files that are safe by what is promised, though what can be had now is less. */
  outOfReach: FileSum;
  /** Paths with versions that wait for a choice, and the bytes that they show. */
  conflicts: number;
  conflictBytes: number;
  /** Bytes of contents that are kept here whole, each once: of files by this node, and of files by others. */
  ownBytes: number;
  othersBytes: number;
}

const REASONS = ['few-members', 'no-space', 'holder-gone', 'no-holder'] as const satisfies ReplicationReason[];
const LOCALS = ['whole', 'part', 'none'] as const satisfies LocalState[];

/** Adds up what is beneath a prefix: empty, or a folder with its slash. One pass over the table. */
export function tallyOf(table: FileTable, sets: HolderSets, prefix: string): Tally {
  const { rows: last, folders, folderPaths } = table;
  const tally: Tally = {
    target: sets.standing(1).replication.target,
    files: none(),
    promised: sums(REPLICATION_STATES),
    reachable: sums(REACHES),
    local: sums(LOCALS),
    reasons: sums(REASONS),
    outOfReach: none(),
    conflicts: 0,
    conflictBytes: 0,
    ownBytes: 0,
    othersBytes: 0,
  };
  const isBeneath = folderPaths.map((path) => path.startsWith(prefix));
  const own = new Set<number>();
  const others = new Map<number, number>();
  for (let row = 1; row <= last; row++) {
    if (!isBeneath[folders[row]!]) continue;
    if (table.isConflict(row)) {
      tally.conflicts++;
      tally.conflictBytes += table.size(row);
    }
    const set = table.sets[row]!;
    if (set === 0) continue;
    const size = table.size(row);
    const { replication, local } = sets.standing(set);
    add(tally.files, size);
    add(tally.promised[replication.state], size);
    add(tally.reachable[reachOf(replication)], size);
    add(tally.local[local], size);
    if (replication.state === 'safe' && reachOf(replication) !== 'enough') add(tally.outOfReach, size);
    if (replication.reason) add(tally.reasons[replication.reason], size);
    if (local !== 'whole' || size === 0) continue;
    const key = table.contentKey(row);
    if (!table.isOwn(row)) others.set(key, size);
    else if (!own.has(key)) {
      own.add(key);
      tally.ownBytes += size;
    }
  }
  for (const [key, size] of others) if (!own.has(key)) tally.othersBytes += size;
  return tally;
}

/** Files by state and by reach, as a text to be compared. */
export function signatureOf({ rows: last, sets: numbers }: FileTable, sets: HolderSets): string {
  const counts = new Uint32Array(sets.size);
  for (let row = 1; row <= last; row++) counts[numbers[row]!]!++;
  const sum = new Map<string, number>();
  for (let number = 1; number < sets.size; number++) {
    if (counts[number] === 0) continue;
    const { replication } = sets.standing(number);
    const key = `${replication.state} ${reachOf(replication)}`;
    sum.set(key, (sum.get(key) ?? 0) + counts[number]!);
  }
  return [...sum]
    .map(([key, count]) => `${key} ${count}`)
    .sort()
    .join();
}

function none(): FileSum {
  return { files: 0, bytes: 0 };
}

function add(sum: FileSum, bytes: number): void {
  sum.files++;
  sum.bytes += bytes;
}

function sums<K extends string>(keys: readonly K[]): Record<K, FileSum> {
  return Object.fromEntries(keys.map((key) => [key, none()])) as Record<K, FileSum>;
}
