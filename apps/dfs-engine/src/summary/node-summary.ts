import type { FileSum, Health, Summary, SummaryProblem, SummaryStorage } from '@dfs/contracts';
import type { ChunkStore } from '@dfs/chunks';
import type { Files } from '@dfs/files';
import type { Placement } from '@dfs/placement';

/** The parts that are summed up. */
export interface NodeSummaryParts {
  files: { readonly states: Pick<Files['states'], 'tally' | 'asOf'> };
  chunks: Pick<ChunkStore, 'usage'>;
  placement: Pick<Placement, 'pastBytes'>;
  health: { check(): Promise<Health> };
}

/** Sums over current files, as `files` has them. */
type Tally = Awaited<ReturnType<Files['states']['tally']>>;

/** The network at a glance, and what a person should do. */
export class NodeSummary {
  constructor(private readonly parts: NodeSummaryParts) {}

  /** @param prefix where the network ends for the one who asks; of the node itself that one sees nothing then */
  async of(prefix: string): Promise<Summary> {
    const { files, health } = this.parts;
    const isAll = prefix === '';
    const checks = isAll ? (await health.check()).checks : [];
    const tally = await files.states.tally(prefix);
    const { target, promised, reachable, local, conflicts } = tally;
    return {
      asOf: new Date(files.states.asOf()).toISOString(),
      ...{ target, files: tally.files, promised, reachable, local, conflicts },
      ...(isAll ? { storage: this.storage(tally) } : {}),
      problems: [...problemsOfFiles(tally), ...problemsOfNode(checks)].sort(
        (a, b) => Number(b.severity === 'bad') - Number(a.severity === 'bad'),
      ),
    };
  }

  private storage({ ownBytes, othersBytes }: Tally): SummaryStorage {
    const { chunks, placement } = this.parts;
    const { bytes: usedBytes, quotaBytes, freeBytes } = chunks.usage();
    const { deletedBytes, pastVersionBytes } = placement.pastBytes();
    const pastBytes = deletedBytes + pastVersionBytes;
    const cacheBytes = Math.max(0, usedBytes - ownBytes - othersBytes - pastBytes);
    return { ownBytes, othersBytes, pastBytes, cacheBytes, usedBytes, quotaBytes: Math.floor(quotaBytes), freeBytes };
  }
}

function problemsOfFiles({ promised, reasons, outOfReach, conflicts, conflictBytes, target }: Tally): SummaryProblem[] {
  const some = (
    code: string,
    severity: SummaryProblem['severity'],
    files: FileSum,
    text: { what: string; action: string },
  ): SummaryProblem[] =>
    files.files === 0
      ? []
      : [{ code, severity, detail: `${counted(files.files)} ${text.what}`, action: text.action, files }];
  return [
    ...some('unavailable', 'bad', promised.unavailable, {
      what: 'cannot be read now: no member that holds them is connected.',
      action: 'Start the members that hold them, or bring them back to the network.',
    }),
    ...some('at-risk', 'bad', promised['at-risk'], {
      what: `have fewer copies than the ${target} that are wanted, since members that held them are gone.`,
      action: 'Bring these members back, or keep others running: the copies are made anew by themselves.',
    }),
    ...some('out-of-reach', 'warn', outOfReach, {
      what: `have fewer than ${target} copies within reach: other holders are away, and count for the time of grace.`,
      action: 'Start the members that are away. After the time of grace the copies are made elsewhere by themselves.',
    }),
    ...some('few-members', 'warn', reasons['few-members'], {
      what: `have fewer copies than the ${target} that are wanted: there are not enough members.`,
      action: 'Add a node to the network, or ask for fewer copies in the settings.',
    }),
    ...some('no-space', 'warn', reasons['no-space'], {
      what: `have fewer copies than the ${target} that are wanted: the other members are full.`,
      action: 'Give a member more room, by its quota or its disk, or add a node to the network.',
    }),
    ...some(
      'conflicts',
      'warn',
      { files: conflicts, bytes: conflictBytes },
      {
        what: 'were changed in two places at once: all versions are kept.',
        action: 'Choose the version that each of them is to show.',
      },
    ),
  ];
}

function problemsOfNode(checks: Health['checks']): SummaryProblem[] {
  return checks.filter(({ ok }) => !ok).map(({ name, detail }) => ({ code: name, severity: 'warn', detail }));
}

function counted(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}
