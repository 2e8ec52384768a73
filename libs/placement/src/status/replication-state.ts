import type { LocalState, Replication } from '@dfs/contracts';

/** The facts known of one content when its state is asked for. */
export interface Standing {
  target: number;
  /** Members that pin each extent, gone ones included; one list for each extent there is, or for all that nobody pins. */
  extents: readonly (readonly string[])[];
  /** There may be more extents, whose holders nobody has named: how many there are is not known yet. */
  more: boolean;
  /** Members within grace. */
  live: ReadonlySet<string>;
  /** Members that answer now; this node is one of them. */
  reachable: ReadonlySet<string>;
  /** Members within grace that would take it: not full. */
  willing: ReadonlySet<string>;
  self: string;
  /** Heard of only now: holders may not have been heard of yet. */
  news: boolean;
}

/** The facts known of a content, here and elsewhere. */
export interface ContentStanding {
  replication: Replication;
  local: LocalState;
}

/** State of a content's copies (design §5), from holders and liveness: nothing of it is stored. */
export function stateOf(standing: Standing): Replication {
  const { extents, reachable } = standing;
  const counts = extents.map((holders) => holders.filter((peerId) => reachable.has(peerId)).length);
  const least = Math.min(...counts);
  // Of an extent that nobody has named there may be fewer.
  const now = standing.more ? Math.min(least, standing.target - 1) : least;
  return { ...judge(standing), reachable: Number.isFinite(now) ? now : 0 };
}

/** How much of a content this node pins. */
export function localOf({ extents, self, more }: Pick<Standing, 'extents' | 'self' | 'more'>): LocalState {
  const own = extents.filter((holders) => holders.includes(self)).length;
  if (own === 0) return 'none';
  return own === extents.length && !more ? 'whole' : 'part';
}

function judge(standing: Standing): Omit<Replication, 'reachable'> {
  const { target, extents, live, reachable } = standing;
  const fewest = extents.reduce(
    (least, holders) => Math.min(least, holders.filter((peerId) => live.has(peerId)).length),
    Infinity,
  );
  // Of an extent that nobody has named there may be fewer.
  const copies = standing.more ? Math.min(fewest, target - 1) : fewest;
  // Of news the holders may not have been heard of; where some are known, they are what there is.
  const unheard = (holders: readonly string[]): boolean => standing.news && holders.length === 0;
  const nowhere = extents.some((holders) => !unheard(holders) && !holders.some((peerId) => reachable.has(peerId)));
  if (nowhere) return { target, copies, state: 'unavailable', reason: 'no-holder' };
  if (copies >= target) return { target, copies, state: 'safe' };
  if (extents.some((holders) => holders.some((peerId) => !live.has(peerId)))) {
    return { target, copies, state: 'at-risk', reason: 'holder-gone' };
  }
  const lacking =
    standing.more || extents.some((holders) => [...standing.willing].some((peerId) => !holders.includes(peerId)));
  if (!lacking) {
    const reason = standing.willing.size < live.size && live.size > copies ? 'no-space' : 'few-members';
    return { target, copies, state: 'limited', reason };
  }
  const onlyHere = extents.every((holders) => holders.every((peerId) => peerId === standing.self));
  return { target, copies, state: onlyHere && copies > 0 ? 'pending' : 'replicating' };
}

/** A content of no bytes: there is nothing to hold and nothing to lose. */
export function stateOfEmpty(target: number): Replication {
  return { target, copies: target, state: 'safe', reachable: target };
}
