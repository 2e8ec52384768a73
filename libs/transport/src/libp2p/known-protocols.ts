import type { AbortOptions, Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface';
import { minute } from '@dfs/runtime';
import { MAX_CONNECTIONS } from '../constants.js';

/** For how long a protocol counts as merged. The store gives peers up of which it has heard nothing for hours. */
export const MERGED_FOR = minute;

/** A peer whose protocols were merged. */
interface Known {
  peer: Peer;
  /** When each protocol was merged. */
  readonly at: Map<string, number>;
}

/**
 * libp2p has its peer store merge the protocol of every stream, of either side: it reads and decodes all that it knows of the peer,
 * and encodes and decodes that again, which under small files is a tenth of what the main thread does. From here on a protocol
 * that was merged less than a minute ago is not merged again, unless something else was changed of the peer since.
 * @param now milliseconds of a clock that nobody sets
 */
export function mergeProtocolsOnce(store: PeerStore, now: () => number = () => performance.now()): void {
  const known = new Map<string, Known>();
  /** Changes by others that are under way, and how many there have been. */
  const others = { underWay: 0, count: 0 };
  const merge = store.merge.bind(store);
  const save = store.save.bind(store);
  const patch = store.patch.bind(store);
  const drop = store.delete.bind(store);

  const changed = async <T>(id: PeerId, change: () => Promise<T>): Promise<T> => {
    others.underWay += 1;
    others.count += 1;
    try {
      return await change();
    } finally {
      others.underWay -= 1;
      known.delete(id.toString());
    }
  };
  store.save = (id, data, options) => changed(id, () => save(id, data, options));
  store.patch = (id, data, options) => changed(id, () => patch(id, data, options));
  store.delete = (id, options) => changed(id, () => drop(id, options));

  store.merge = async (id: PeerId, data: PeerData, options?: AbortOptions): Promise<Peer> => {
    const { protocols, ...rest } = data;
    if (protocols === undefined || Object.keys(rest).length > 0) return merge(id, data, options);
    const key = id.toString();
    const before = known.get(key);
    const isMerged = (protocol: string): boolean => now() - (before?.at.get(protocol) ?? -Infinity) < MERGED_FOR;
    if (before && others.underWay === 0 && protocols.every(isMerged)) return before.peer;
    const { count } = others;
    const peer = await merge(id, data, options);
    if (others.underWay === 0 && others.count === count) {
      if (known.size >= MAX_CONNECTIONS) known.clear();
      const { at } = known.get(key) ?? { at: new Map<string, number>() };
      for (const protocol of protocols) at.set(protocol, now());
      known.set(key, { peer, at });
    }
    return peer;
  };
}
