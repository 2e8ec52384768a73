/**
 * Counts what jest reports, for the closing line of `npm test`.
 *
 * @typedef {object} JestResults What `jest --json` writes; only what is read here.
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests Skipped ones.
 * @property {number} numRuntimeErrorTestSuites Files that could not even be loaded.
 * @property {boolean} success
 * @property {{ name: string, startTime: number, endTime: number, assertionResults: { status: string }[] }[]} testResults
 *
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/** @type {Readonly<Tally>} */
export const NOTHING = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

/** A step that is no test and went wrong counts as one failure. @type {Readonly<Tally>} */
export const FAILED_STEP = Object.freeze({ passed: 0, failed: 1, skipped: 0 });

/** @param {Tally[]} tallies @returns {Tally} */
export function sum(tallies) {
  return tallies.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    NOTHING,
  );
}

/**
 * A file that could not be loaded counts as one failure, and so does a run that ended badly without a failed test
 * (a worker that died, no results at all).
 * @param {JestResults | undefined} results
 * @param {number | null} exitCode
 * @returns {Tally}
 */
export function tally(results, exitCode) {
  if (results === undefined) return FAILED_STEP;
  const counted = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const ended = exitCode === 0 && results.success;
  return {
    passed: results.numPassedTests,
    failed: ended || counted > 0 ? counted : 1,
    skipped: results.numPendingTests,
  };
}

/**
 * The closing line: `5 passed, 1 failed`, and how many were skipped where some were.
 * @param {Tally} tally
 * @returns {string}
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * Tests and seconds of each project, by the folder its spec files are in.
 * @param {JestResults} results
 * @param {string} root
 * @returns {({ project: string, seconds: number } & Tally)[]}
 */
export function byProject(results, root) {
  /** @type {Map<string, { project: string, seconds: number } & Tally>} */
  const projects = new Map();
  for (const { name, startTime, endTime, assertionResults } of results.testResults) {
    const [area = '', folder = ''] = name.slice(root.length + 1).split(/[\\/]/);
    const project = area === 'apps' || area === 'libs' ? folder : area;
    const row = projects.get(project) ?? { project, ...NOTHING, seconds: 0 };
    const count = (/** @type {string} */ status) =>
      assertionResults.filter((result) => result.status === status).length;
    row.passed += count('passed');
    row.failed += assertionResults.length === 0 ? 1 : count('failed');
    row.skipped += count('pending');
    row.seconds += (endTime - startTime) / 1000;
    projects.set(project, row);
  }
  return [...projects.values()].sort((a, b) => (a.project < b.project ? -1 : 1));
}
