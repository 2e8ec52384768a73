import { diffArrays } from 'diff';

/** Lines that are put in and taken out at most, before two texts count as unlike: beyond that a comparison says little, and takes long. */
const MOST_EDITS = 1500;
/** For the same reason, and since the page stands still meanwhile. Milliseconds. */
const MOST_MS = 400;
/** Equal lines around a difference; more of them are folded. */
const AROUND = 3;
/** Fewer lines than this are not worth folding. */
const LEAST_FOLDED = 3;

/** A line of one of the two texts. */
export interface Line {
  /** From 1 on. */
  number: number;
  text: string;
}

/** Lines that stand beside each other; null where the other text has none there. */
export interface LinePair {
  equal: boolean;
  before: Line | null;
  after: Line | null;
}

/** A run of pairs: one to be seen, or one of equal lines that is folded until somebody asks for it. */
export interface LineRun {
  folded: boolean;
  pairs: LinePair[];
}

/** Two texts, line by line; null where they are too unlike. The end of a line may be told by either kind of break. */
export function pairLines(before: string, after: string): LinePair[] | null {
  const changes = diffArrays(linesOf(before), linesOf(after), { maxEditLength: MOST_EDITS, timeout: MOST_MS });
  if (changes === undefined) return null;
  const pairs: LinePair[] = [];
  const left: Line[] = [];
  const right: Line[] = [];
  let at = 1;
  let to = 1;
  const flush = (): void => {
    for (let n = 0; n < Math.max(left.length, right.length); n++)
      pairs.push({ equal: false, before: left[n] ?? null, after: right[n] ?? null });
    left.length = right.length = 0;
  };
  for (const { added, removed, value } of changes) {
    if (!added && !removed) flush();
    for (const text of value) {
      if (removed) left.push({ number: at++, text });
      else if (added) right.push({ number: to++, text });
      else pairs.push({ equal: true, before: { number: at++, text }, after: { number: to++, text } });
    }
  }
  flush();
  return pairs;
}

/** The pairs in runs: what differs with a few lines around it, and between that what is folded. */
export function foldEqual(pairs: readonly LinePair[]): LineRun[] {
  const near = new Uint8Array(pairs.length);
  pairs.forEach(({ equal }, at) => {
    if (!equal) near.fill(1, Math.max(0, at - AROUND), at + AROUND + 1);
  });
  const runs: LineRun[] = [];
  for (const [at, pair] of pairs.entries()) {
    const folded = near[at] === 0;
    const last = runs.at(-1);
    if (last?.folded === folded) last.pairs.push(pair);
    else runs.push({ folded, pairs: [pair] });
  }
  return runs.map((run) => (run.folded && run.pairs.length < LEAST_FOLDED ? { ...run, folded: false } : run));
}

/** An end without a break ends a line as well; what differs in nothing else is equal. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
