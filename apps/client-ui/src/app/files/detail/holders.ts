import type { ChunkInfo, HolderList, PeerState } from '@dfs/contracts';
import { visibleName } from '../../kit/words/names.js';

type Extents = HolderList['extents'];
/** How this node sees a peer; undefined for one that is no member any more. */
type StateOf = (peerId: string) => PeerState | undefined;

/** A node that holds a file, or parts of it. */
export interface HolderView {
  peerId: string;
  name: string;
  self: boolean;
  /** `filled`: it can be read from now. `half`: promised by a node that cannot be reached. `crossed`: its node is gone. */
  state: 'filled' | 'half' | 'crossed';
  words: string;
}

/** A run of chunks, as one cell of the strip. */
export interface CellView {
  state: 'local' | 'remote' | 'away' | 'missing';
  hint: string;
}

/** Chunks of an extent: fixed by the network's format. */
const EXTENT_CHUNKS = 1024;
/** Cells that fit beside each other. */
const MAX_CELLS = 64;
const WORST: readonly CellView['state'][] = ['missing', 'away', 'remote', 'local'];

/** Each holder once, this node first, with how much of the file it has and whether it can be reached. */
export function holdersOf(extents: Extents, stateOf: StateOf): HolderView[] {
  const byId = new Map<string, { name: string; live: boolean; self: boolean; extents: number }>();
  for (const { holders } of extents) {
    for (const holder of holders) {
      const known = byId.get(holder.peerId)?.extents ?? 0;
      byId.set(holder.peerId, { ...holder, extents: known + 1 });
    }
  }
  return [...byId]
    .map(([peerId, holder]): HolderView => {
      const state = reach(holder, stateOf(peerId));
      const part =
        holder.extents < extents.length
          ? $localize`${holder.extents}:extents: of ${extents.length}:all: parts`
          : $localize`whole`;
      const away = state === 'half' ? $localize` · out of reach` : state === 'crossed' ? ' · gone' : '';
      return { peerId, name: holder.name, self: holder.self, state, words: part + away };
    })
    .sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name));
}

/** The chunks in their order, so many to a cell that all cells fit; a cell is as bad as its worst chunk. */
export function cellsOf(chunks: readonly ChunkInfo[], extents: Extents, stateOf: StateOf): CellView[] {
  const perCell = Math.max(1, Math.ceil(chunks.length / MAX_CELLS));
  const cells: CellView[] = [];
  for (let at = 0; at < chunks.length; at += perCell) {
    const some = chunks.slice(at, at + perCell);
    const states = some.map((chunk, n) => stateOfChunk(chunk, extents[Math.floor((at + n) / EXTENT_CHUNKS)], stateOf));
    const state = WORST.find((worst) => states.includes(worst)) ?? 'missing';
    const holders = extents[Math.floor(at / EXTENT_CHUNKS)]?.holders ?? [];
    const names = holders.map(({ name, self }) => (self ? $localize`this node` : visibleName(name)));
    const which =
      some.length === 1
        ? $localize`Chunk ${at + 1}:number:`
        : $localize`Chunks ${at + 1}:first: to ${at + some.length}:last:`;
    cells.push({
      state,
      hint: `${which}: ${names.length === 0 ? $localize`no holder is known` : $localize`held by ${names.join(', ')}:names:`}`,
    });
  }
  return cells;
}

function reach(holder: { live: boolean; self: boolean }, state: PeerState | undefined): HolderView['state'] {
  if (holder.self || state === 'self' || state === 'connected') return 'filled';
  return holder.live ? 'half' : 'crossed';
}

function stateOfChunk(chunk: ChunkInfo, extent: Extents[number] | undefined, stateOf: StateOf): CellView['state'] {
  if (chunk.here) return 'local';
  const holders = extent?.holders ?? [];
  if (holders.length === 0) return 'missing';
  return holders.some((holder) => reach(holder, stateOf(holder.peerId)) === 'filled') ? 'remote' : 'away';
}
