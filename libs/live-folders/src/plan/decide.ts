import type { Head } from '@dfs/catalogue';
import type { Stat } from '../disk/root-disk.js';
import type {
  BaseDirectory,
  BaseFile,
  KnownStat,
  OnDisk,
  PlanContext,
  PlanItem,
  Seen,
  SignFile,
  Step,
  WhyTrashed,
} from './model.js';

type FileOnDisk = Extract<OnDisk, { state: 'file' }>;
type DirectoryOnDisk = Extract<OnDisk, { state: 'directory' }>;

/** Listings by which an absence counts (rule 2). */
export const WITNESSES = 2;

/** Steps that follow for one path from what is known of it alone. The first rule that applies decides; the order is that of the contract. */
export function decide(item: PlanItem, context: PlanContext): Step[] {
  const { disk, base } = item;
  // 2: unknown is not absent, and nothing is done to what is not known.
  if (disk.state === 'unknown') return [];
  // 11: hidden is neither present nor absent.
  if (disk.state === 'hidden') return [issue(item, 'hidden', disk.detail)];
  if (item.excluded !== undefined) return excluded(item, item.excluded, context);
  // A person said so, of this very path.
  if (context.revert.has(item.path)) return asTheNetwork(item, 'reverted');
  if (context.override.has(item.path)) return asTheDisk(item, context);
  if (base?.kind === 'file') return fileOfBase(item, base, context);
  if (base?.kind === 'directory') return directoryOfBase(item, base, context);
  // 4: first meeting.
  if (disk.state === 'file') return metFile(item, disk, context);
  if (disk.state === 'directory') return metDirectory(item, disk, context);
  return arrived(item, context);
}

/** Whether a file is the one of a stat: nothing that a change would show in differs. */
export function isSame(stat: KnownStat | undefined, now: KnownStat, keepsInodes: boolean): boolean {
  return (
    stat !== undefined &&
    stat.size === now.size &&
    stat.mtimeNs === now.mtimeNs &&
    stat.ctimeNs === now.ctimeNs &&
    (!keepsInodes || stat.inode === now.inode)
  );
}

// A file that disk and network agreed on.

function fileOfBase(item: PlanItem, base: BaseFile, context: PlanContext): Step[] {
  const { disk } = item;
  // 4: the disk never had what the row says. Where it may be said now, it is a first meeting.
  if (base.stat === undefined && context.mode !== 'receive') {
    const { base: _, ...met } = item;
    return decide(met, { ...context, meeting: true });
  }
  if (disk.state === 'file') {
    const same = isSame(base.stat, disk.stat, context.traits.keepsInodes) && !base.racy;
    if (same && !hasOtherBit(base, disk.stat, context))
      return unchangedFile(item, base, seenAs(disk, base.contentId), context);
    if (!same && disk.content === undefined) return [{ do: 'hash', path: item.path, name: disk.name, stat: disk.stat }];
    return lookedAt(item, base, disk, context);
  }
  return goneFile(item, base, context);
}

/** The disk has what the base row says. */
function unchangedFile(item: PlanItem, base: BaseFile, seen: Seen, context: PlanContext): Step[] {
  const [shown] = item.heads;
  // A catalogue that knows nothing of the path any more says nothing about it.
  if (shown === undefined || shown.record === base.record) return [];
  if (shown.kind === 'file' && shown.contentId === base.contentId) return agree(item, shown, seen, context);
  return incoming(item, context, () => asTheNetwork(item, shown.kind === 'file' ? 'replaced' : 'removed', seen));
}

/** The stat differs, or says too little: the content decides. */
function lookedAt(item: PlanItem, base: BaseFile, disk: FileOnDisk, context: PlanContext): Step[] {
  const content = disk.content ?? { id: base.contentId, racy: false };
  const seen = seenAs(disk, content.id, content.racy);
  const [shown] = item.heads;
  if (content.id === base.contentId && !hasOtherBit(base, disk.stat, context)) {
    const row = { ...base, name: disk.name, stat: known(disk.stat), racy: content.racy };
    const steps = unchangedFile(item, row, seen, context);
    return steps.length > 0 || isEqualRow(row, base) ? steps : [{ do: 'adopt', path: item.path, row }];
  }
  // Others have made the same change.
  if (
    shown?.kind === 'file' &&
    shown.contentId === content.id &&
    bitOf(shown) === diskBit(base.executable, disk.stat, context)
  ) {
    return agree(item, shown, seen, context);
  }
  if (context.mode === 'receive') {
    const isStanding = shown === undefined || shown.record === base.record;
    if (isStanding) return [issue(item, 'local-change', 'It was changed on this disk; this folder only receives.')];
    return asTheNetwork(item, 'replaced', seen);
  }
  // 3: it replaces the record of its base row and nothing else.
  return [{ ...signFile(item.path, disk, content, [base.record], false), carried: base.executable }];
}

function goneFile(item: PlanItem, base: BaseFile, context: PlanContext): Step[] {
  const { heads, disk, path } = item;
  const [shown] = heads;
  if (shown === undefined) return [];
  const witnesses = disk.state === 'absent' || disk.state === 'directory' ? disk.witnesses : 0;
  if (shown.kind === 'deletion') return [{ do: 'adopt', path, row: undefined }];
  const isTheOnly = heads.length === 1 && shown.record === base.record;
  if (!isTheOnly) {
    // 3: others have written since; their version stands on the disk again.
    if (context.mode === 'send')
      return [issue(item, 'remote-change', 'Others have changed what was removed from this disk.')];
    return disk.state === 'directory'
      ? [issue(item, 'hidden', 'A directory has taken its name.')]
      : asTheNetwork(item, 'replaced');
  }
  if (context.mode === 'receive') {
    return [issue(item, 'local-change', 'It was removed from this disk; this folder only receives.')];
  }
  // 2: two witnesses.
  if (witnesses < WITNESSES) return [{ do: 'look', path }];
  const held = context.held.get(path);
  const isHeld = held?.record === base.record;
  if (isHeld && held.answer === 'waits') return [];
  const approved = isHeld && held.answer === 'delete';
  if (!context.mayDelete) return [];
  return [{ do: 'sign-deletion', path, parents: [base.record], approved }];
}

// A path without a base row.

function metFile(item: PlanItem, disk: FileOnDisk, context: PlanContext): Step[] {
  const { heads, path } = item;
  const [shown] = heads;
  if (item.beneath > 0 || shown?.kind === 'folder')
    return [issue(item, 'hidden', 'In the network a folder has this name.')];
  if (shown === undefined) {
    if (context.mode === 'receive') return [onlyHere(item)];
    if (item.twin !== undefined) return [issue(item, 'hidden', item.twin)];
    return [signFile(path, disk, disk.content, [], context.meeting)];
  }
  const { content } = disk;
  if (content === undefined) return [{ do: 'hash', path, name: disk.name, stat: disk.stat }];
  const seen = seenAs(disk, content.id, content.racy);
  if (shown.kind === 'file' && shown.contentId === content.id) return agree(item, shown, seen, context);
  // 4: an old copy rolls nothing back, and brings nothing back.
  if (item.known === true && !isBack(item)) {
    if (shown.kind === 'deletion') {
      const told = issue(item, 'deleted-elsewhere', 'It was deleted in the network, and this is an old copy of it.');
      const moved =
        context.mode === 'receive'
          ? {}
          : {
              unlessMoved: signFile(
                path,
                disk,
                content,
                heads.map(({ record }) => record),
                false,
              ),
            };
      return [{ ...told, ...moved }];
    }
    return incoming(item, context, () => asTheNetwork(item, 'old-copy', seen));
  }
  if (context.mode === 'receive') {
    const local = onlyHere(item);
    if (shown.kind !== 'file') return [local];
    if (!context.meeting) return asTheNetwork(item, 'replaced', seen);
    // From now on a change of the network can be told from what was there.
    const row = { ...rowOf(item, shown, disk.name), stat: undefined, racy: false };
    return [{ do: 'adopt', path, row }, local];
  }
  const parents = shown.kind === 'deletion' ? heads.map(({ record }) => record) : [];
  return [signFile(path, disk, content, parents, context.meeting || shown.kind === 'file')];
}

/** Whether a file that was deleted from this disk came back to it: nobody else has deleted it, so it is no old copy. */
function isBack({ heads, deletedHere }: PlanItem): boolean {
  const [shown] = heads;
  return heads.length === 1 && shown?.kind === 'deletion' && shown.record === deletedHere;
}

/** Nothing is on the disk, and nothing was agreed on. */
function arrived(item: PlanItem, context: PlanContext): Step[] {
  const [shown] = item.heads;
  if (shown === undefined || shown.kind === 'deletion') return [];
  return incoming(item, context, () => asTheNetwork(item, 'replaced'));
}

// Directories.

function metDirectory(item: PlanItem, disk: DirectoryOnDisk, context: PlanContext): Step[] {
  const { path, heads, beneath } = item;
  const [shown] = heads;
  if (shown?.kind === 'file') return [issue(item, 'hidden', 'In the network a file has this name.')];
  const row: BaseDirectory = {
    kind: 'directory',
    path,
    name: disk.name,
    record: shown?.kind === 'folder' ? shown.record : null,
  };
  if (shown?.kind === 'folder' || beneath > 0 || !disk.empty || context.mode === 'receive')
    return [{ do: 'adopt', path, row }];
  return [{ do: 'sign-folder', path, name: disk.name, parents: heads.map(({ record }) => record) }];
}

function directoryOfBase(item: PlanItem, base: BaseDirectory, context: PlanContext): Step[] {
  const { disk, path, heads } = item;
  const [shown] = heads;
  const folder = shown?.kind === 'folder' ? shown : undefined;
  if (disk.state === 'directory') {
    if (shown?.kind === 'file') return incoming(item, context, () => fileForDirectory(item, disk));
    const record = folder?.record ?? null;
    const isGone = base.record !== null && folder === undefined && item.beneath === 0;
    if (isGone && context.mode !== 'send') return [{ do: 'remove-directory', path, name: disk.name }];
    return record === base.record || isGone ? [] : [{ do: 'adopt', path, row: { ...base, record } }];
  }
  if (disk.state === 'file') {
    if (folder !== undefined) return [issue(item, 'hidden', 'In the network a folder has this name.')];
    const steps = metFile({ ...item, beneath: 0 }, disk, context);
    // 10: the deletions beneath it go into the same unit.
    return steps.map((step) =>
      step.do === 'sign-file' && item.beneath > 0 ? { ...step, clears: item.beneath } : step,
    );
  }
  if (disk.state !== 'absent') return [];
  if (folder === undefined)
    return disk.witnesses < WITNESSES ? [{ do: 'look', path }] : [{ do: 'adopt', path, row: undefined }];
  const isTheOnly = heads.length === 1 && folder.record === base.record;
  if (!isTheOnly) return incoming(item, context, () => asTheNetwork(item, 'replaced'));
  if (context.mode === 'receive')
    return [issue(item, 'local-change', 'It was removed from this disk; this folder only receives.')];
  if (disk.witnesses < WITNESSES) return [{ do: 'look', path }];
  const held = context.held.get(path);
  const isHeld = held?.record === folder.record;
  if ((isHeld && held.answer === 'waits') || !context.mayDelete) return [];
  return [{ do: 'sign-deletion', path, parents: [folder.record], approved: isHeld }];
}

/** Others have written a file where a directory is left on this disk: an empty one makes way. */
function fileForDirectory(item: PlanItem, disk: DirectoryOnDisk): Step[] {
  if (!disk.empty) return [issue(item, 'hidden', 'In the network a file has this name.')];
  const free = { ...item, disk: { state: 'absent', witnesses: 0 } } as const;
  return [{ do: 'remove-directory', path: item.path, name: disk.name }, ...asTheNetwork(free, 'replaced')];
}

/** 11: a path that cannot stand beside another leaves the disk, if it is as it was; it is never signed. */
function excluded(item: PlanItem, why: string, context: PlanContext): Step[] {
  const { base, disk } = item;
  const told = issue(item, 'hidden', why);
  if (base?.kind !== 'file') return [told];
  if (disk.state !== 'file') return [{ do: 'adopt', path: item.path, row: undefined }, told];
  if (!isSame(base.stat, disk.stat, context.traits.keepsInodes) || base.racy || context.mode === 'send') return [told];
  return [
    { do: 'remove', path: item.path, record: base.record, seen: seenAs(disk, base.contentId), why: 'removed' },
    told,
  ];
}

// The steps themselves.

/** The path on the disk as the network shows it. `seen`: the file there, where its content is known. */
function asTheNetwork(item: PlanItem, why: WhyTrashed, known?: Seen): Step[] {
  const { heads, disk, path, base } = item;
  const [shown] = heads;
  if (disk.state === 'directory')
    return shown?.kind === 'folder' ? [{ do: 'make-directory', path, record: shown.record }] : [];
  if (disk.state === 'file' && known === undefined && disk.content === undefined) {
    return [{ do: 'hash', path, name: disk.name, stat: disk.stat }];
  }
  const seen =
    disk.state === 'file' ? (known ?? seenAs(disk, disk.content?.id as string, disk.content?.racy)) : undefined;
  if (shown === undefined || shown.kind === 'deletion') {
    const record = shown?.record ?? base?.record ?? '0'.repeat(64);
    return seen ? [{ do: 'remove', path, record, seen, why }] : [{ do: 'adopt', path, row: undefined }];
  }
  if (shown.kind === 'folder') {
    const make: Step = { do: 'make-directory', path, record: shown.record };
    return seen ? [{ do: 'remove', path, record: shown.record, seen, why }, make] : [make];
  }
  return [{ do: 'write', path, head: shown, ...(seen && { over: seen }), why }];
}

/** The network as the disk shows the path: in place of all heads that were seen (13). */
function asTheDisk(item: PlanItem, context: PlanContext): Step[] {
  const { disk, path, heads } = item;
  const [shown] = heads;
  const parents = heads.map(({ record }) => record);
  if (context.mode === 'receive') return decide({ ...item }, { ...context, override: new Set() });
  if (disk.state === 'file') {
    if (disk.content === undefined) return [{ do: 'hash', path, name: disk.name, stat: disk.stat }];
    if (shown?.kind === 'file' && shown.contentId === disk.content.id) {
      return agree(item, shown, seenAs(disk, disk.content.id, disk.content.racy), context);
    }
    return [signFile(path, disk, disk.content, parents, false)];
  }
  if (disk.state !== 'absent' || shown === undefined || shown.kind === 'deletion') return [];
  if (disk.witnesses < WITNESSES) return [{ do: 'look', path }];
  return context.mayDelete ? [{ do: 'sign-deletion', path, parents, approved: true }] : [];
}

/** Equal bytes: the base row follows the shown record, and the bit of the disk follows what it says. */
function agree(item: PlanItem, shown: Head, seen: Seen, context: PlanContext): Step[] {
  const isOther =
    context.traits.executableBit && seen.stat.executable !== undefined && bitOf(shown) !== seen.stat.executable;
  if (isOther && context.mode !== 'send') return [{ do: 'attributes', path: item.path, head: shown, seen }];
  const row = { ...rowOf(item, shown, seen.name), stat: known(seen.stat), racy: seen.racy };
  return [{ do: 'adopt', path: item.path, row }];
}

/** 13: a folder that only sends writes nothing to its disk. */
function incoming(item: PlanItem, { mode }: PlanContext, steps: () => Step[]): Step[] {
  return mode === 'send' ? [issue(item, 'remote-change', 'Others have changed it; this folder only sends.')] : steps();
}

function onlyHere(item: PlanItem): Step {
  return issue(item, 'local-change', 'It is on this disk alone; this folder only receives.');
}

function issue(
  { path }: PlanItem,
  kind: Extract<Step, { do: 'issue' }>['kind'],
  detail: string,
): Extract<Step, { do: 'issue' }> {
  return { do: 'issue', path, kind, detail };
}

function signFile(
  path: string,
  { name, stat }: FileOnDisk,
  content: FileOnDisk['content'],
  parents: readonly string[],
  imported: boolean,
): SignFile {
  return { do: 'sign-file', path, name, stat, content, parents: [...parents].sort(), imported };
}

function seenAs({ name, stat }: FileOnDisk, contentId: string, racy = false): Seen {
  return { name, stat, contentId, racy };
}

function rowOf({ path }: PlanItem, head: Head, name: Seen['name']): Omit<BaseFile, 'stat' | 'racy'> {
  return {
    kind: 'file',
    path,
    record: head.record,
    contentId: head.contentId as string,
    executable: bitOf(head),
    name,
  };
}

/** The part of a stat that a base row keeps. */
export function known({ inode, size, mtimeNs, ctimeNs }: KnownStat): KnownStat {
  return { inode, size, mtimeNs, ctimeNs };
}

function isEqualRow(a: BaseFile, b: BaseFile): boolean {
  return a.name === b.name && a.racy === b.racy && b.stat !== undefined && isSame(a.stat, b.stat, true);
}

/** Whether a head says that it is a program. */
export function bitOf({ attributes }: Pick<Head, 'attributes'>): boolean {
  return attributes.executable === true;
}

/** 11: what the file system cannot keep is carried on from the base row. */
function diskBit(before: boolean, stat: Pick<Stat, 'executable'>, { traits }: PlanContext): boolean {
  return traits.executableBit ? stat.executable : before;
}

function hasOtherBit(base: BaseFile, stat: Stat, context: PlanContext): boolean {
  return diskBit(base.executable, stat, context) !== base.executable;
}
