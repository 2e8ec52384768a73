/**
 * Output of several that run at the same time, readable: what the first writes is shown at once, what the others write once
 * all before them have ended.
 * @typedef {{ write: (text: string) => void, end: () => void }} Turn
 *
 * @param {number} count
 * @param {(text: string) => void} show
 * @returns {Turn[]}
 */
export function takeTurns(count, show) {
  const turns = Array.from({ length: count }, () => ({ kept: '', ended: false }));
  let current = 0;
  const flush = () => {
    for (let turn = turns[current]; turn !== undefined; turn = turns[++current]) {
      if (turn.kept !== '') show(turn.kept);
      turn.kept = '';
      if (!turn.ended) return;
    }
  };
  return turns.map((turn) => ({
    write(text) {
      turn.kept += text;
      flush();
    },
    end() {
      turn.ended = true;
      flush();
    },
  }));
}
