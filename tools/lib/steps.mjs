/**
 * Progress on stderr while a clone is made ready, for people. Runs under plain Node 20, as all of `bootstrap.mjs` does.
 */

/** Milliseconds between two looks at how far a step is, on a terminal and elsewhere. */
const [OFTEN, SELDOM] = [500, 15_000];

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** @param {number} began milliseconds since 1970 */
export function seconds(began) {
  return ((Date.now() - began) / 1000).toFixed(1);
}

/**
 * Says how far something is while it runs: on a terminal in one line that is written over, elsewhere now and then.
 * @template T
 * @param {() => string} howFar
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withProgress(howFar, work) {
  const { isTTY } = process.stderr;
  const timer = setInterval(
    () => (isTTY ? process.stderr.write(`\r  ${howFar()}\x1b[K`) : say(`  ${howFar()}`)),
    isTTY ? OFTEN : SELDOM,
  );
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (isTTY) process.stderr.write('\r\x1b[K');
  }
}

/**
 * Waits for the end of a process, and gives what it printed where that is piped.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export function exit(child) {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (output += text));
  }
  return new Promise((done, fail) => child.once('error', fail).once('close', (code) => done({ code, output })));
}
