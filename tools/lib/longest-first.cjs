/** End-to-end specs that wait or work for long; the longest first, so that none runs alone at the end. */
const LONGEST = [
  'repair',
  'failing-disk',
  'memory',
  'partition',
  'swarm',
  'coming-back',
  'crash',
  'look',
  'restore',
  'limits',
  'uploads',
  'live-folders',
  'package',
];
/** Unit specs that take long, beside those of the same names. */
const LONGEST_UNIT = [
  'together',
  'presence',
  'surplus',
  'cache',
  'busy',
  'libp2p-transport',
  'fetch',
  'hostile',
  'drain',
  'membership',
  'placement',
  'files-page',
  'messages',
  'boundaries',
  'dependencies',
];
const ORDER = [...LONGEST, ...LONGEST_UNIT];

/**
 * The order in which jest begins files: without what it remembers of earlier runs, since a fresh clone has nothing to
 * remember.
 */
module.exports = class LongestFirst {
  /** @param {{ path: string }[]} tests */
  sort(tests) {
    const rank = (/** @type {{ path: string }} */ { path }) => {
      const at = ORDER.findIndex((name) => path.endsWith(`/${name}.spec.ts`));
      return at < 0 ? ORDER.length : at;
    };
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }

  /** @param {{ path: string }[]} tests */
  allFailedTests(tests) {
    return tests;
  }

  /** @param {{ path: string }[]} tests */
  shard(tests) {
    return tests;
  }

  cacheResults() {}
};
