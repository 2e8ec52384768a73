import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathsWith, recount } from '@dfs/catalogue';
import { checkStore, ReadOnlyBlocks } from '@dfs/chunks';
import { DAMAGED_ADVICE, DatabaseError, FileLock, ReadOnlyDatabase } from '@dfs/database';
import { checkPins } from '@dfs/placement';
import { DfsError, isDfsError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { migrations } from '../start/migrations.js';
import { Findings, type CheckReport } from './report.js';

/** How thorough a check is; `onProgress` is told bytes of packs. */
export interface CheckOptions {
  /** Compares places and sizes, and hashes no chunk. */
  quick: boolean;
  onProgress?: (bytes: number, total: number) => void;
}

/** Files named for a content that is hurt. */
const PATHS_NAMED = 3;

/**
 * Looks over the data directory of a node that does not run: that every block of what it promises is there, that every
 * byte is known and every row has its bytes, that hashes and counts are right. Writes nothing.
 * @throws DfsError `not-ready` when it cannot be checked: nothing there, in use, unreadable, of another version
 */
export async function check(dataDir: string, options: CheckOptions): Promise<CheckReport> {
  const began = performance.now();
  const file = join(dataDir, 'dfs.sqlite');
  await stat(file).catch((cause: unknown) => {
    throw new DfsError('not-ready', `There is no node in ${dataDir}: check DFS_DATA_DIR, or --data-dir.`, { cause });
  });
  const lock = await takeLock(dataDir);
  try {
    const db = await ReadOnlyDatabase.open(file, migrations);
    try {
      const report = await lookOver(db, dataDir, options);
      return { ...report, seconds: (performance.now() - began) / 1000 };
    } finally {
      await db.close();
    }
  } finally {
    await lock.release();
  }
}

async function takeLock(dataDir: string): Promise<FileLock> {
  try {
    return await FileLock.take(join(dataDir, 'lock.sqlite'));
  } catch (cause) {
    const detail = isDfsError(cause)
      ? `A node is running in ${dataDir}: stop it, and check again.`
      : `The lock of ${dataDir} cannot be taken (${String(cause)}): check who may write there.`;
    throw new DfsError('not-ready', detail, { cause });
  }
}

async function lookOver(db: ReadOnlyDatabase, dataDir: string, options: CheckOptions): Promise<CheckReport> {
  const findings = new Findings();
  const report: CheckReport = {
    dataDir,
    mode: options.quick ? 'quick' : 'full',
    startedAt: new Date().toISOString(),
    seconds: 0,
    ok: false,
    problemCount: 0,
    problems: [],
  };
  try {
    for (const detail of await db.damage()) {
      findings.add({ area: 'database', problem: 'damaged-database', subject: 'dfs.sqlite', detail });
    }
    await lookAtContent(db, dataDir, options, report, findings);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const detail = `The database cannot be read any further: ${error.message}. ${DAMAGED_ADVICE}`;
    findings.add({ area: 'database', problem: 'damaged-database', subject: 'dfs.sqlite', detail });
  }
  return { ...report, ok: findings.count === 0, problemCount: findings.count, problems: findings.listed };
}

async function lookAtContent(
  db: ReadOnlyDatabase,
  dataDir: string,
  { quick, onProgress }: CheckOptions,
  report: CheckReport,
  findings: Findings,
): Promise<void> {
  const chunksDir = join(dataDir, 'chunks');
  const { unusable, ...store } = await checkStore(db, chunksDir, {
    rehash: !quick,
    onFinding: (finding) => findings.add({ area: 'chunks', ...finding }),
    ...(onProgress && { onProgress }),
  });
  report.chunks = store;
  const blocks = new ReadOnlyBlocks(db, chunksDir, unusable);
  const hurt = new Set<Cid>();
  try {
    report.pins = await checkPins(db, blocks, ({ problem, content, detail }) => {
      if (findings.add({ area: 'pins', problem, subject: content, detail })) hurt.add(content);
    });
  } finally {
    await blocks.close();
  }
  for (const [content, paths] of await pathsWith(db, [...hurt], PATHS_NAMED)) findings.name(content, paths);
  const { miscounts, ...catalogue } = await recount(db);
  report.catalogue = catalogue;
  for (const { what, kept, counted } of miscounts) {
    const detail = `Noted are ${kept}; there are ${counted}.`;
    findings.add({ area: 'catalogue', problem: 'wrong-count', subject: what, detail });
  }
}
