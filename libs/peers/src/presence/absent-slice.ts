import { LONG_AWAY_ROUND, MAX_MISSING_ASKED } from '../constants.js';

/**
 * Of the members this node does not hear itself, those it asks others about. The question stays that of the
 * heartbeat before as long as that is possible: an unchanged list costs nothing.
 * Where there are more than fit, those away for less than the grace come first, in turns should they be too many, since
 * to be taken for gone is news; of those away for longer others are asked from time to time.
 * @param absent in an order that stays
 * @param beat number of the heartbeat
 */
export function absentSlice(absent: readonly string[], inGrace: (peerId: string) => boolean, beat: number): string[] {
  if (absent.length <= MAX_MISSING_ASKED) return [...absent];
  const recent = absent.filter(inGrace);
  if (recent.length >= MAX_MISSING_ASKED) return turn(recent, MAX_MISSING_ASKED, beat);
  const known = new Set(recent);
  const long = absent.filter((peerId) => !known.has(peerId));
  return [...recent, ...turn(long, MAX_MISSING_ASKED - recent.length, Math.floor(beat / LONG_AWAY_ROUND))];
}

/** So many of them, others in each round, all of them in as few rounds as it takes. */
function turn(all: readonly string[], count: number, round: number): string[] {
  const turns = Math.ceil(all.length / count);
  const from = Math.min((round % turns) * count, all.length - count);
  return all.slice(Math.max(0, from), Math.max(0, from) + count);
}
