import type { Head } from '@dfs/catalogue';
import type { DiskPath } from '../disk/names.js';
import type { Stat } from '../disk/root-disk.js';
import { known } from './decide.js';
import type { PlanContext, PlanItem, Step } from './model.js';
import { plan } from './plan.js';

const COUNT = 10_000;
const CONTEXT: PlanContext = {
  mode: 'both',
  ...{ meeting: false, readOnly: false, mayDelete: true, mayEmpty: false },
  traits: { executableBit: true, keepsInodes: true },
  lately: { deleted: 0, paths: COUNT },
  left: COUNT,
  held: new Map(),
  shownFiles: COUNT,
  ...{ revert: new Set<string>(), override: new Set<string>() },
};
/** Each file has a content of its own, or all have the same. */
const CONTENTS: readonly [string, (n: number) => string][] = [
  ['of different files', (n) => `content ${n}`],
  ['of copies of one file', () => 'the same'],
];

function statOf(n: number): Stat {
  const times = { mtimeNs: BigInt(n), ctimeNs: BigInt(n) };
  return { kind: 'file', inode: BigInt(n + 1), size: 7, ...times, executable: false, links: 1, device: 1n };
}

function headOf(n: number, contentId: string): Head {
  const said = { mediaType: '', author: 'x', imported: false, attributes: {} };
  return { record: `r${n}`, kind: 'file', contentId: contentId, size: 7, ...said };
}

/** A directory `old` that was renamed to `new`: on the disk, or by others. */
function renamed(where: 'disk' | 'network', contentOf: (n: number) => string, witnesses = 2): PlanItem[] {
  return Array.from({ length: COUNT }, (_, n): PlanItem[] => {
    const [from, to] = [`old/f${n}`, `new/f${n}`];
    const [head, stat] = [headOf(n, contentOf(n)), statOf(n)];
    const base = {
      ...({ kind: 'file', path: from, record: head.record, contentId: contentOf(n), executable: false } as const),
      ...{ name: from as DiskPath, stat: known(stat), racy: false },
    };
    const gone: Head = { ...head, record: `d${n}`, kind: 'deletion', contentId: null, size: 0 };
    const absent = { state: 'absent', witnesses } as const;
    if (where === 'disk')
      return [
        { path: from, disk: absent, base, heads: [head], beneath: 0 },
        { path: to, disk: { state: 'file', name: to as DiskPath, stat }, heads: [], beneath: 0 },
      ];
    return [
      { path: from, disk: { state: 'file', name: from as DiskPath, stat }, base, heads: [gone], beneath: 0 },
      { path: to, disk: absent, heads: [{ ...head, record: `m${n}` }], beneath: 0 },
    ];
  }).flat();
}

const kinds = (steps: readonly Step[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(steps, (step) => step.do)].map(([kind, some]) => [kind, some.length]));

describe.each(CONTENTS)('a directory of 10,000 files renamed (rule 10), %s', (_, contentOf) => {
  it('on the disk: each file is moved once, none is read, none is held', () => {
    const { steps } = plan(renamed('disk', contentOf), CONTEXT);
    expect(kinds(steps)).toEqual({ 'sign-move': COUNT });
    for (const step of steps)
      if (step.do === 'sign-move') expect(step.to.path).toBe(step.from.path.replace('old', 'new'));
  });

  it('on the disk, seen once: nothing is signed before the second look, as a deletion or as new', () => {
    expect(kinds(plan(renamed('disk', contentOf, 1), CONTEXT).steps)).toEqual({ look: COUNT });
  });

  it('by others: each file is moved on the disk, none is fetched or removed', () => {
    const { steps } = plan(renamed('network', contentOf), CONTEXT);
    expect(kinds(steps)).toEqual({ move: COUNT });
    for (const step of steps) if (step.do === 'move') expect(step.to).toBe(step.from.replace('old', 'new'));
  });
});

describe('a file that turns up at a new path', () => {
  const [item] = renamed('disk', () => 'content').slice(0, 1);
  const turned = (stat: Partial<Stat>): PlanItem => ({
    ...{ path: 'new', heads: [], beneath: 0 },
    disk: { state: 'file', name: 'new' as DiskPath, stat: { ...statOf(0), ...stat } },
  });
  const planned = (stat: Partial<Stat>, context: Partial<PlanContext> = {}): Record<string, number> =>
    kinds(plan([item as PlanItem, turned(stat)], { ...CONTEXT, ...context }).steps);

  it('is read before it is taken for the one that is gone, where anything tells the two apart', () => {
    expect(planned({})).toEqual({ 'sign-move': 1 });
    for (const other of [{ ctimeNs: 9n }, { mtimeNs: 9n }, { inode: 9n }])
      expect(planned(other)).toEqual({ hash: 1, 'sign-deletion': 1 });
    // Where a disk gives inodes anew, they say nothing.
    const traits = { ...CONTEXT.traits, keepsInodes: false };
    expect(planned({}, { traits })).toEqual({ hash: 1, 'sign-deletion': 1 });
  });

  it('is a new one where the sizes differ', () => {
    expect(planned({ size: 8 })).toEqual({ 'sign-file': 1, 'sign-deletion': 1 });
  });
});
