/** Alphabets that random tokens are written in, the smallest first, by how many characters each has. */
const ALPHABETS: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]+$/, 10],
  [/^(?:[0-9a-f]+|[0-9A-F]+)$/, 16],
  [/^(?:[0-9a-z]+|[0-9A-Z]+)$/, 36],
  [/^[0-9A-Za-z+/_=-]+$/, 64],
  [/^[\x21-\x7e]+$/, 94],
];
/** The length of a token whose characters were drawn at random. */
const MIN_BITS = 128;
/** Characters left, by far, of a random token of that many bits when chance repeats and runs are taken off. */
const MIN_UNFORESEEN = 16;

/**
 * Whether a token may be as hard to guess as 128 random bits: long enough for its alphabet, and neither a repetition
 * (`secretsecretsecret…`) nor a run (`abcdef…`). That a person has made it up from words cannot be seen.
 */
export function isStrongToken(token: string): boolean {
  const [, size] = ALPHABETS.find(([alphabet]) => alphabet.test(token)) ?? [undefined, 0];
  if (size === 0) return false;
  return token.length * Math.log2(size) >= MIN_BITS && unforeseen(token) >= MIN_UNFORESEEN;
}

/** Characters that neither follow their neighbour as before, nor go on with a run. */
function unforeseen(token: string): number {
  const pairs = new Set<string>();
  let count = 0;
  for (let at = 0; at < token.length; at++) {
    const pair = token.slice(at - 1, at + 1);
    const step = (to: number): number => token.charCodeAt(to) - token.charCodeAt(to - 1);
    const isRun = at >= 2 && step(at) === step(at - 1);
    if (at === 0 || (!isRun && !pairs.has(pair))) count += 1;
    if (at > 0) pairs.add(pair);
  }
  return count;
}
