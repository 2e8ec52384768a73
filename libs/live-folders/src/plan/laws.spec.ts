import fc from 'fast-check';
import type { Head } from '@dfs/catalogue';
import type { DiskPath } from '../disk/names.js';
import type { Stat } from '../disk/root-disk.js';
import { known } from './decide.js';
import type { BaseFile, BaseRow, OnDisk, PlanContext, PlanItem, Step } from './model.js';
import { plan, signs, writes } from './plan.js';

// The laws of the plan, over trees that nothing but the types of the plan holds together.

const PATHS = ['a', 'b', 'c', 'd', 'd/x', 'd/y', 'e/f/g'];
const CONTENTS = ['c1', 'c2', 'c3'];
const SIZES: Record<string, number> = { c1: 1, c2: 2, c3: 2 };

const NOW: PlanContext = {
  mode: 'both',
  meeting: false,
  readOnly: false,
  mayDelete: true,
  traits: { executableBit: true, keepsInodes: true },
  lately: { deleted: 0, paths: 0 },
  left: 0,
  held: new Map(),
  shownFiles: 1,
  mayEmpty: false,
  revert: new Set(),
  override: new Set(),
};

function statOf(content: string, at: number, executable = false): Stat {
  const times = { mtimeNs: BigInt(at), ctimeNs: BigInt(at) };
  return {
    kind: 'file',
    inode: BigInt(at),
    size: SIZES[content] as number,
    ...times,
    executable,
    links: 1,
    device: 1n,
  };
}

function head(record: string, kind: Head['kind'], content?: string): Head {
  const file =
    kind === 'file'
      ? { contentId: content as Head['contentId'], size: SIZES[content as string] as number }
      : { contentId: null, size: 0 };
  return { record, kind, ...file, mediaType: '', author: 'x', imported: false, attributes: {} };
}

interface Made {
  base: null | { content: string; isHead: boolean; racy: boolean };
  disk: 'unknown' | 'absent' | 'absent-once' | 'same' | 'other' | 'directory' | 'hidden';
  content: string;
  bit: boolean;
  heads: readonly (readonly ['file' | 'deletion' | 'folder', string])[];
  older: boolean;
}

const made: fc.Arbitrary<Made> = fc.record({
  base: fc.option(fc.record({ content: fc.constantFrom(...CONTENTS), isHead: fc.boolean(), racy: fc.boolean() })),
  disk: fc.constantFrom('unknown', 'absent', 'absent-once', 'same', 'other', 'directory', 'hidden'),
  content: fc.constantFrom(...CONTENTS),
  bit: fc.boolean(),
  heads: fc.array(fc.tuple(fc.constantFrom('file', 'file', 'deletion', 'folder'), fc.constantFrom(...CONTENTS)), {
    maxLength: 2,
  }),
  older: fc.boolean(),
});

/** A tree: the world as the test knows it, contents of the disk included. */
interface Place {
  base: BaseRow | undefined;
  disk: OnDisk;
  content: string;
  heads: Head[];
  versions: Set<string>;
}
type World = Map<string, Place>;

function worldOf(all: readonly (Made | null)[]): World {
  const world: World = new Map();
  all.forEach((one, at) => {
    if (one) world.set(PATHS[at] as string, placeOf(one, PATHS[at] as string, at));
  });
  return world;
}

function placeOf({ base, disk, content, bit, heads, older }: Made, path: string, at: number): Place {
  const name = path as DiskPath;
  const shown = heads.map(([kind, of], n) => head(`r${at}${n}`, kind, of));
  shown.sort((a, b) => RANK[b.kind] - RANK[a.kind]);
  const versions = new Set(shown.flatMap(({ contentId }) => (contentId === null ? [] : [contentId])));
  if (older) versions.add(content);
  const stat = statOf(base?.content ?? content, 100 + at);
  let row: BaseFile | undefined;
  if (base) {
    const own = base.isHead ? shown.find((one) => one.kind === 'file' && one.contentId === base.content) : undefined;
    row = {
      kind: 'file',
      path,
      record: own?.record ?? `old${at}`,
      contentId: base.content,
      executable: false,
      name,
      stat: known(stat),
      racy: base.racy,
    };
    versions.add(base.content);
  }
  const onDisk = ((): OnDisk => {
    if (disk === 'same') return { state: 'file', name, stat };
    if (disk === 'other') return { state: 'file', name, stat: statOf(content, 200 + at, bit) };
    if (disk === 'absent') return { state: 'absent', witnesses: 2 };
    if (disk === 'absent-once') return { state: 'absent', witnesses: 1 };
    if (disk === 'directory') return { state: 'directory', name, witnesses: 2, empty: true };
    return disk === 'hidden' ? { state: 'hidden', detail: 'a link' } : { state: 'unknown' };
  })();
  return {
    base: row,
    disk: onDisk,
    content: disk === 'same' ? (base?.content ?? content) : content,
    heads: shown,
    versions,
  };
}

const RANK = { file: 2, folder: 1, deletion: 0 };
const isShown = ([first]: readonly Head[]): boolean => first !== undefined && first.kind !== 'deletion';

function itemsOf(world: World): PlanItem[] {
  return [...world].map(([path, { base, disk, heads, versions }]) => {
    const content = disk.state === 'file' ? disk.content?.id : undefined;
    return {
      path,
      disk,
      heads,
      ...(base && { base }),
      ...(content !== undefined && { known: versions.has(content) }),
      beneath: [...world].filter(([other, place]) => other.startsWith(`${path}/`) && isShown(place.heads)).length,
    };
  });
}

const worlds = fc.tuple(...PATHS.map(() => fc.option(made, { freq: 3 }))).map(worldOf);
const modes = fc.constantFrom('both' as const, 'send' as const, 'receive' as const);
const contexts: fc.Arbitrary<PlanContext> = fc
  .record({
    mode: modes,
    meeting: fc.boolean(),
    readOnly: fc.boolean(),
    mayDelete: fc.boolean(),
    shownFiles: fc.nat(1),
  })
  .map((some) => ({ ...NOW, ...some }));

const pathsOf = (step: Step): string[] =>
  step.do === 'sign-move' ? [step.from.path, step.to.path] : step.do === 'move' ? [step.from, step.to] : [step.path];

fc.configureGlobal({ numRuns: 500 });

describe('the plan', () => {
  it('is the same for the same trees, in whatever order their paths come', () => {
    fc.assert(
      fc.property(worlds, contexts, (world, context) => {
        const items = itemsOf(world);
        expect(plan([...items].reverse(), context)).toEqual(plan(items, context));
      }),
    );
  });

  it('does nothing where the disk is unknown, and tells of what is hidden, no more', () => {
    fc.assert(
      fc.property(worlds, contexts, (world, context) => {
        for (const step of plan(itemsOf(world), context).steps) {
          for (const path of pathsOf(step)) {
            const state = world.get(path)?.disk.state;
            expect(state).not.toBe('unknown');
            if (state === 'hidden') expect(step.do).toBe('issue');
          }
        }
      }),
    );
  });

  it('signs no deletion without two witnesses, a sync, and the record of the base row as the only head', () => {
    fc.assert(
      fc.property(worlds, contexts, (world, context) => {
        const { steps } = plan(itemsOf(world), context);
        const deletions = steps.flatMap((step) =>
          step.do === 'sign-deletion' ? [step] : step.do === 'sign-move' ? [step.from] : [],
        );
        for (const { path, parents } of deletions) {
          const { disk, heads, base } = world.get(path) as Place;
          expect(disk.state === 'absent' || disk.state === 'directory' ? disk.witnesses : 0).toBeGreaterThanOrEqual(2);
          expect(context.mayDelete).toBe(true);
          expect(heads.map(({ record }) => record)).toEqual([base?.record]);
          expect(parents).toEqual([base?.record]);
        }
      }),
    );
  });

  it('touches no file that is not the one of the base row, but where its bytes are those of a version', () => {
    fc.assert(
      fc.property(worlds, contexts, (world, context) => {
        const full = new Map([...world].map(([path, place]) => [path, looked(place)]));
        for (const one of [world, full]) {
          for (const step of plan(itemsOf(one), {
            ...context,
            mode: context.mode === 'receive' ? 'both' : context.mode,
          }).steps) {
            const seen =
              step.do === 'write' ? step.over : step.do === 'remove' || step.do === 'move' ? step.seen : undefined;
            const path = step.do === 'move' ? step.from : 'path' in step ? step.path : '';
            const place = one.get(path) as Place;
            if (step.do === 'write' && place.disk.state === 'file') expect(step.over).toBeDefined();
            if (seen === undefined) continue;
            expect(seen.contentId).toBe(place.content);
            expect(place.versions.has(seen.contentId)).toBe(true);
          }
        }
      }),
    );
  });

  it('signs nothing where it only receives, and writes nothing where it only sends', () => {
    fc.assert(
      fc.property(worlds, contexts, (world, context) => {
        const { steps } = plan(itemsOf(new Map([...world].map(([path, place]) => [path, looked(place)]))), context);
        if (context.mode === 'receive') expect(steps.filter(signs)).toEqual([]);
        if (context.mode === 'send') expect(steps.filter(writes)).toEqual([]);
      }),
    );
  });

  it('is empty when what it says was done on both sides', () => {
    fc.assert(
      fc.property(worlds, modes, fc.boolean(), (world, mode, meeting) => {
        const context: PlanContext = { ...NOW, mode, meeting };
        let steps: readonly Step[] = [];
        for (let round = 0; round < 12; round++) {
          ({ steps } = plan(itemsOf(world), context));
          steps = steps.filter((step) => step.do !== 'issue');
          if (steps.length === 0) return;
          for (const step of steps) apply(world, step, `n${round}`);
        }
        expect(steps).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

function looked(place: Place): Place {
  const { disk } = place;
  return disk.state === 'file' ? { ...place, disk: { ...disk, content: { id: place.content, racy: false } } } : place;
}

/** A step as it would be done. Beneath a file nothing is made, as on a disk. */
function apply(world: World, step: Step, mark: string): void {
  const at = (path: string): Place => {
    const place = world.get(path) ?? {
      base: undefined,
      disk: { state: 'absent', witnesses: 2 },
      content: '',
      heads: [],
      versions: new Set(),
    };
    world.set(path, place);
    return place;
  };
  switch (step.do) {
    case 'hash':
      return void world.set(step.path, looked(at(step.path)));
    case 'look': {
      const place = at(step.path);
      if (place.disk.state === 'absent') place.disk = { state: 'absent', witnesses: 2 };
      return;
    }
    case 'adopt':
      return void (at(step.path).base = step.row);
    case 'sign-file': {
      const place = at(step.path);
      const record = `${mark}-${step.path}`;
      const attributes = step.stat.executable ? { executable: true } : {};
      const signed = { ...head(record, 'file', place.content), attributes };
      const others = place.heads.filter((one) => !step.parents.includes(one.record));
      place.heads = step.imported && isShown(others) ? [...others, signed] : [signed, ...others];
      place.versions.add(place.content);
      place.base = {
        kind: 'file',
        path: step.path,
        record,
        contentId: place.content,
        executable: step.stat.executable,
        name: step.name,
        stat: known(step.stat),
        racy: false,
      };
      return;
    }
    case 'sign-deletion': {
      const place = at(step.path);
      place.heads = [head(`${mark}-${step.path}`, 'deletion')];
      place.base = undefined;
      return;
    }
    case 'sign-move':
      apply(world, step.to, mark);
      return apply(world, step.from, mark);
    case 'sign-folder': {
      const place = at(step.path);
      const record = `${mark}-${step.path}`;
      place.heads = [head(record, 'folder')];
      place.base = { kind: 'directory', path: step.path, record, name: step.name };
      return;
    }
    case 'write': {
      const place = at(step.path);
      const { record, attributes } = step.head;
      const contentId = step.head.contentId as string;
      const executable = attributes.executable === true;
      const stat = statOf(contentId, 1000 + Number(mark.slice(1)), executable);
      const name = step.path as DiskPath;
      place.disk = { state: 'file', name, stat };
      place.content = contentId;
      place.base = {
        kind: 'file',
        path: step.path,
        record,
        contentId,
        executable,
        name,
        stat: known(stat),
        racy: false,
      };
      return;
    }
    case 'remove': {
      const place = at(step.path);
      place.disk = { state: 'absent', witnesses: 2 };
      place.base = undefined;
      return;
    }
    case 'move':
      apply(world, { do: 'remove', path: step.from, record: '', seen: step.seen, why: 'removed' }, mark);
      return apply(world, { do: 'write', path: step.to, head: step.head, why: 'replaced' }, mark);
    case 'attributes': {
      const place = at(step.path);
      const executable = step.head.attributes.executable === true;
      const stat = statOf(place.content, 1000 + Number(mark.slice(1)), executable);
      place.disk = { state: 'file', name: step.seen.name, stat };
      place.base = {
        kind: 'file',
        path: step.path,
        record: step.head.record,
        contentId: place.content,
        executable,
        name: step.seen.name,
        stat: known(stat),
        racy: false,
      };
      return;
    }
    case 'make-directory': {
      const place = at(step.path);
      place.disk = { state: 'directory', name: step.path as DiskPath, witnesses: 2, empty: true };
      place.base = { kind: 'directory', path: step.path, record: step.record, name: step.path as DiskPath };
      return;
    }
    case 'remove-directory': {
      const place = at(step.path);
      place.disk = { state: 'absent', witnesses: 2 };
      place.base = undefined;
      return;
    }
    case 'hold':
    case 'issue':
      return;
  }
}
