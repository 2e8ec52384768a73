import { summarise } from '@dfs/chunks';
import type { Reader } from '@dfs/database';
import { cidFromBytes, type Cid } from '@dfs/protocol';
import { isDfsError, pages } from '@dfs/runtime';
import { SCAN_PAGE } from '../limits.js';
import type { BlockReader } from '@dfs/transfer';
import { ExtentBlocks } from './extent-blocks.js';
import { pinPages, type PinnedExtent } from './pin-log.js';

/** Problems that the promises of this node can have. */
export type PinProblem =
  /** Blocks of a pinned extent are not in the store. */
  | 'missing-chunk'
  /** A manifest block on the way to them cannot be read, so that nobody can tell what the extent needs. */
  | 'unreadable-manifest'
  /** The content has no such extent. */
  | 'wrong-pin'
  /** The number of extents that is kept for a large content is not what its manifest says. */
  | 'wrong-count';

/** A promise that this node could not keep, and why. */
export interface PinFinding {
  problem: PinProblem;
  content: Cid;
  detail: string;
}

/** The size of all that was checked. */
export interface PinTotals {
  /** Pinned extents. */
  extents: number;
  /** Blocks they need, one that several need counted for each. */
  blocks: number;
}

/** Ids that are looked up together, about. */
const LOOK_UP = 10_000;
/** Ids that a finding names. */
const NAMED = 3;

/**
 * Holds everything that is pinned against the blocks that are there: no block of a pinned extent may be missing. Whether
 * their bytes are right is for the check of the store. Changes nothing.
 */
export async function checkPins(
  db: Reader,
  blocks: Pick<BlockReader, 'has' | 'get'>,
  onFinding: (finding: PinFinding) => void,
): Promise<PinTotals> {
  const totals: PinTotals = { extents: 0, blocks: 0 };
  const walker = new Walker(blocks, onFinding);
  for await (const page of pinPages(db)) {
    for (const pin of page) {
      totals.extents++;
      totals.blocks += await walker.visit(pin);
    }
  }
  await walker.lookUp();
  await checkCounts(db, blocks, onFinding);
  return totals;
}

/** Finds out what pins need, and looks it up in groups. */
class Walker {
  private waiting: { pin: PinnedExtent; needs: Cid[] }[] = [];
  private waitingIds = 0;
  private readonly extentBlocks = new ExtentBlocks((id) => this.blocks.get(id));

  constructor(
    private readonly blocks: Pick<BlockReader, 'has' | 'get'>,
    private readonly onFinding: (finding: PinFinding) => void,
  ) {}

  /** Gives how many blocks it needs, as far as can be told. */
  async visit(pin: PinnedExtent): Promise<number> {
    const needs = await this.needs(pin);
    this.waiting.push({ pin, needs });
    this.waitingIds += needs.length;
    if (this.waitingIds >= LOOK_UP) await this.lookUp();
    return needs.length;
  }

  async lookUp(): Promise<void> {
    const here = await this.blocks.has([...new Set(this.waiting.flatMap(({ needs }) => needs))]);
    for (const { pin, needs } of this.waiting) {
      const missing = needs.filter((id) => !here.has(id));
      if (missing.length === 0) continue;
      const some = missing.slice(0, NAMED).join(', ');
      const more = missing.length > NAMED ? ', …' : '';
      const detail = `Extent ${pin.extent} lacks ${missing.length} of ${needs.length} blocks: ${some}${more}.`;
      this.onFinding({ problem: 'missing-chunk', content: pin.content, detail });
    }
    this.waiting = [];
    this.waitingIds = 0;
  }

  private async needs(pin: PinnedExtent): Promise<Cid[]> {
    const { content, extent } = pin;
    try {
      return await this.extentBlocks.of(pin);
    } catch (error) {
      if (error instanceof RangeError) {
        this.onFinding({ problem: 'wrong-pin', content, detail: `It has no extent ${extent}.` });
      } else if (isDfsError(error)) {
        const detail = `Extent ${extent}: block ${this.extentBlocks.last} of its manifest: ${error.message}`;
        this.onFinding({ problem: 'unreadable-manifest', content, detail });
      } else throw error;
      return [];
    }
  }
}

/** Of large contents whose root is here. */
async function checkCounts(
  db: Reader,
  blocks: Pick<BlockReader, 'get'>,
  onFinding: (finding: PinFinding) => void,
): Promise<void> {
  const counts = (after: Uint8Array | null): Promise<{ content: Uint8Array; extents: number; size: number }[]> =>
    db.query(
      `SELECT l.content, l.extents, p.size FROM placement_large l
       JOIN placement_pin p ON p.content = l.content AND p.held = 1
       WHERE l.content > ? GROUP BY l.content ORDER BY l.content LIMIT ?`,
      [after ?? new Uint8Array(0), SCAN_PAGE],
    );
  for await (const rows of pages(SCAN_PAGE, counts, ({ content }) => content)) {
    for (const row of rows) {
      const content = cidFromBytes(row.content);
      const found = await summarise(content, row.size, (id) => blocks.get(id)).catch((error: unknown) => {
        // Told already.
        if (isDfsError(error)) return undefined;
        throw error;
      });
      if (!found || found.extentCount === row.extents) continue;
      const detail = `It has ${found.extentCount} extents, and ${row.extents} are noted.`;
      onFinding({ problem: 'wrong-count', content, detail });
    }
  }
}
