import { setTimeout as delay } from 'node:timers/promises';
import { abortError, cidFromBytes, second, type Cid } from '@dfs/protocol';
import type { Database } from '@dfs/database';
import { allPacks, findPlaces, placesOf, type Place } from './chunk-index.js';
import type { ChunkReader } from './chunk-reader.js';
import type { Damage } from './damage.js';
import { keyOf } from './format.js';

export interface ScrubComponents {
  db: Database;
  reader: ChunkReader;
  damage: Damage;
}

export interface ScrubOptions {
  signal?: AbortSignal;
  /** Told of each damaged block, besides the listeners of the store. */
  onDamaged?: (id: Cid) => void;
  /** Pace. Unlimited when left out. */
  bytesPerSecond?: number;
}

export interface Scrubbed {
  chunks: number;
  bytes: number;
  damaged: number;
}

/**
 * Reads and hashes every block, in the order in which they lie on the disk.
 * @throws DfsError `aborted` when the signal fires
 */
export async function scrub(
  components: ScrubComponents,
  { signal, onDamaged, bytesPerSecond = Infinity }: ScrubOptions,
): Promise<Scrubbed> {
  const done: Scrubbed = { chunks: 0, bytes: 0, damaged: 0 };
  const started = performance.now();
  for (const pack of await allPacks(components.db)) {
    for await (const place of placesOf(components.db, pack.id)) {
      if (signal?.aborted) throw abortError(signal);
      if (await isLost(components, place)) {
        done.damaged++;
        onDamaged?.(cidFromBytes(place.cid));
      }
      done.chunks++;
      done.bytes += place.size;
      const ahead = (done.bytes / bytesPerSecond) * second - (performance.now() - started);
      if (ahead > 0) await pause(ahead, signal);
    }
  }
  await components.damage.settled();
  return done;
}

/** Damaged, and not just gone from here since it was looked up. */
async function isLost({ db, reader, damage }: ScrubComponents, place: Place): Promise<boolean> {
  const outcome = await reader.attempt(place);
  if ('bytes' in outcome) return false;
  const now = (await findPlaces(db, [place.cid])).get(keyOf(place.cid));
  if (now?.pack !== place.pack || now.offset !== place.offset) return false;
  damage.report(place, outcome.lost);
  return true;
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}
