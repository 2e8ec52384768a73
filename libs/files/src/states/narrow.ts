import type { OnlyRows } from '@dfs/catalogue';
import {
  REACHES,
  REPLICATION_STATES,
  type LocalState,
  type Reach,
  type Replication,
  type ReplicationState,
  type WorstState,
} from '@dfs/contracts';
import type { HolderSets } from '@dfs/placement';
import type { FileTable } from './file-table.js';

/** Which states are meant; any where left out. */
export interface StateFilter {
  states?: ReadonlySet<ReplicationState>;
  local?: LocalState;
  /** The same for the same question. */
  name: string;
}

/** Whether the copies that can be had now reach the target. */
export function reachOf({ reachable, target }: Pick<Replication, 'reachable' | 'target'>): Reach {
  if (reachable === 0) return 'none';
  return reachable >= target ? 'enough' : 'fewer';
}

/** Of each holder set by its number, 1 where its contents are meant. */
export function matching(sets: HolderSets, { states, local }: StateFilter): Uint8Array {
  const matches = new Uint8Array(sets.size);
  for (let number = 1; number < sets.size; number++) {
    const standing = sets.standing(number);
    const isMeant = (states?.has(standing.replication.state) ?? true) && (local ?? standing.local) === standing.local;
    if (isMeant) matches[number] = 1;
  }
  return matches;
}

/** The rows whose holder sets are meant. */
export function rowsOnly({ rows: last, sets }: FileTable, matches: Uint8Array, name: string): OnlyRows {
  const rows = new Uint8Array(last);
  let count = 0;
  for (let row = 1; row <= last; row++) {
    if (matches[sets[row]!] !== 1) continue;
    rows[row - 1] = 1;
    count++;
  }
  return { rows, count, name };
}

/** The same of one level: files directly in a folder, and the folders directly in it that have some beneath. */
export function levelOnly(table: FileTable, matches: Uint8Array, name: string, folder: string): OnlyRows {
  const { rows: last, sets, folders, parents, folderPaths } = table;
  const rows = new Uint8Array(last);
  const level = table.folder(folder);
  if (level === undefined) return { rows, count: 0, name, folders: [] };
  const isAny = new Uint8Array(parents.length);
  let count = 0;
  for (let row = 1; row <= last; row++) {
    if (matches[sets[row]!] !== 1) continue;
    isAny[folders[row]!] = 1;
    if (folders[row] !== level) continue;
    rows[row - 1] = 1;
    count++;
  }
  const found: string[] = [];
  // Those above have lesser numbers.
  for (let number = parents.length - 1; number > 0; number--) {
    if (isAny[number] !== 1) continue;
    isAny[parents[number]!] = 1;
    if (parents[number] === level) found.push(folderPaths[number]!);
  }
  return { rows, count, name, folders: found };
}

/** How the files are that are worst off, of every folder. */
export class FolderView {
  private readonly states: Uint8Array;
  private readonly reaches: Uint8Array;

  constructor(
    private readonly table: FileTable,
    sets: HolderSets,
  ) {
    const { rows: last, folders, parents } = table;
    const [stateOf, reachAt] = ranks(sets);
    // Beyond the last of each list: no file.
    this.states = new Uint8Array(parents.length).fill(REPLICATION_STATES.length);
    this.reaches = new Uint8Array(parents.length).fill(REACHES.length);
    for (let row = 1; row <= last; row++) {
      const set = table.sets[row]!;
      if (set === 0) continue;
      this.lower(folders[row]!, stateOf[set]!, reachAt[set]!);
    }
    for (let number = parents.length - 1; number > 0; number--) {
      this.lower(parents[number]!, this.states[number]!, this.reaches[number]!);
    }
  }

  /** @param folder its path with a slash at the end; empty for the top */
  worst(folder: string): WorstState | null {
    const number = this.table.folder(folder);
    const state = number === undefined ? undefined : REPLICATION_STATES[this.states[number]!];
    const reach = number === undefined ? undefined : REACHES[this.reaches[number]!];
    return state === undefined || reach === undefined ? null : { state, reach };
  }

  private lower(folder: number, state: number, reach: number): void {
    if (state < this.states[folder]!) this.states[folder] = state;
    if (reach < this.reaches[folder]!) this.reaches[folder] = reach;
  }
}

/** Places in the lists of states and of reaches, by the numbers of holder sets. */
function ranks(sets: HolderSets): [Uint8Array, Uint8Array] {
  const states = new Uint8Array(sets.size);
  const reaches = new Uint8Array(sets.size);
  for (let number = 1; number < sets.size; number++) {
    const { replication } = sets.standing(number);
    states[number] = REPLICATION_STATES.indexOf(replication.state);
    reaches[number] = REACHES.indexOf(reachOf(replication));
  }
  return [states, reaches];
}
