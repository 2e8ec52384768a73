import type { Tx } from '@dfs/database';
import type { Contents, Providers } from '../ports.js';
import { pinPages, type PinLog } from '../pins/pin-log.js';

/** The pins that are dropped, and the DHT that is told. */
export interface LeavingBehindComponents {
  pins: Pick<PinLog, 'release' | 'letGo'>;
  catalogue: Pick<Contents, 'comesAlong'>;
  /** Left out where the DHT is off. */
  dht?: Pick<Providers, 'withdraw'>;
}

/**
 * Makes cache of what this node promises and does not bring along into another network, within the unit of work that changes
 * it: of the versions that were replaced or deleted nobody there ever hears, and so nobody would purge them.
 */
export async function leaveBehind({ pins, catalogue, dht }: LeavingBehindComponents, tx: Tx): Promise<void> {
  for await (const page of pinPages(tx)) {
    const coming = await catalogue.comesAlong([...new Set(page.map(({ content }) => content))], tx);
    const left = page.filter(({ content }) => !coming.has(content));
    await pins.release(tx, left);
    await pins.letGo(tx, left);
    if (left.length > 0) await dht?.withdraw([...new Set(left.map(({ content }) => content))], tx);
  }
}
