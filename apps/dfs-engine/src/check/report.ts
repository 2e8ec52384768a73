import type { Recount } from '@dfs/catalogue';
import type { StoreProblem, StoreTotals } from '@dfs/chunks';
import type { PinProblem, PinTotals } from '@dfs/placement';
import { GiB, KiB, MiB } from '@dfs/runtime';

/** Something that is not as it should be. */
export interface Problem {
  area: 'database' | 'chunks' | 'pins' | 'catalogue';
  problem: StoreProblem | PinProblem | 'damaged-database' | 'wrong-count';
  /** A chunk, a content, a file of the data directory, or what is counted. */
  subject: string;
  /** The meaning, and the remedy. */
  detail: string;
  /** Some of the files that are hurt. */
  paths?: string[];
}

/** The report of `check --json`. Parts that were not reached, since the database cannot be read, are left out. */
export interface CheckReport {
  dataDir: string;
  mode: 'full' | 'quick';
  /** ISO 8601 in UTC. */
  startedAt: string;
  seconds: number;
  ok: boolean;
  problemCount: number;
  /** The first thousand. */
  problems: Problem[];
  chunks?: Omit<StoreTotals, 'unusable'>;
  pins?: PinTotals;
  catalogue?: Omit<Recount, 'miscounts'>;
}

const MAX_LISTED = 1000;

/** Problems as they are found: all are counted, so many are kept. */
export class Findings {
  readonly listed: Problem[] = [];
  count = 0;

  /** @returns whether it is listed */
  add(problem: Problem): boolean {
    this.count++;
    if (this.listed.length >= MAX_LISTED) return false;
    this.listed.push(problem);
    return true;
  }

  /** Files of what is hurt. */
  name(subject: string, paths: string[]): void {
    if (paths.length === 0) return;
    for (const problem of this.listed) if (problem.subject === subject) problem.paths = paths;
  }
}

/** The report for people. */
export function readable(report: CheckReport): string {
  const { chunks, pins, catalogue } = report;
  const lines = [`Check of ${report.dataDir} (${report.mode}, ${report.seconds.toFixed(1)} s)`, ''];
  if (chunks) {
    const hashed = report.mode === 'full' ? `${number(chunks.hashed)} read and hashed` : 'not hashed (quick)';
    lines.push(
      `  chunks     ${number(chunks.chunks)} of ${bytes(chunks.bytes)}, ${hashed}`,
      `  packs      ${number(chunks.packs)} of ${bytes(chunks.packBytes)}, ${bytes(chunks.unusedBytes)} of it to be reclaimed`,
    );
  }
  if (pins) lines.push(`  promised   ${number(pins.extents)} extents of ${number(pins.blocks)} chunks`);
  if (catalogue) {
    const { files, records } = catalogue;
    lines.push(`  catalogue  ${number(files)} files of ${bytes(catalogue.bytes)} in ${number(records)} records`);
  }
  lines.push('', ...report.problems.flatMap(readableProblem));
  const more = report.problemCount - report.problems.length;
  if (more > 0) lines.push(`  … and ${number(more)} more`, '');
  lines.push(report.ok ? 'The check found no problem.' : `Problems found: ${number(report.problemCount)}.`);
  return `${lines.join('\n')}\n`;
}

function readableProblem({ problem, subject, detail, paths }: Problem): string[] {
  const files = paths ? [`    Files: ${paths.map((path) => JSON.stringify(path)).join(', ')}`] : [];
  return [`  ${problem}  ${subject}`, `    ${detail}`, ...files, ''];
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function bytes(value: number): string {
  for (const [name, unit] of [
    ['GiB', GiB],
    ['MiB', MiB],
    ['KiB', KiB],
  ] as const) {
    if (value >= unit) return `${(value / unit).toFixed(1)} ${name}`;
  }
  return `${value} B`;
}
