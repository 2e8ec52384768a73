import { MEMORY_ROOT, type MemoryRootOptions } from './memory-root.js';
import type { Inode, MemoryTree } from './memory-tree.js';
import type { Fate } from './scripted-file-system.js';
import { TestMembers, type TestMember } from './members.js';

/** One act of a history. `at`: which member; paths and texts by number. */
export type Act =
  | { do: 'write' | 'save' | 'remove' | 'append' | 'touch' | 'touch-bit'; at: number; path: number }
  | { do: 'rename'; at: number; path: number; to: number }
  | { do: 'directory'; at: number; path: number }
  | {
      do: 'settle' | 'pass' | 'restart' | 'clock' | 'offline' | 'online' | 'delete-elsewhere';
      at: number;
      path: number;
    }
  /** A pass during which the n-th call of the file system meets its fate. */
  | { do: 'crash' | 'unmount' | 'break' | 'full' | 'meddle'; at: number; path: number; nth: number }
  | { do: 'meet' };

const PATHS = ['a', 'b', 'c.txt', 'd/x', 'd/y', 'e/f/z', 'd'];

/** A history of two or three members with a folder each on one prefix, and what must hold of it. */
export class History implements AsyncDisposable {
  private readonly members = new TestMembers();
  /** Files that people took away themselves, by member: their paths, and their texts. */
  private readonly gone: Set<string>[] = [];
  private readonly given = new Set<string>();
  private texts = 0;

  async begin(count: number, options: MemoryRootOptions = {}): Promise<void> {
    for (let at = 0; at < count; at++) {
      const member = await this.members.add(options);
      await member.bind();
      this.gone.push(new Set());
    }
    await this.members.settle();
  }

  async take(act: Act): Promise<void> {
    if (act.do === 'meet') return this.members.meet();
    const at = act.at % this.members.all.length;
    const member = this.members.all[at] as TestMember;
    const path = PATHS[act.path % PATHS.length] as string;
    switch (act.do) {
      case 'settle':
        return this.kept(member, async () => void (await member.settle()));
      case 'pass':
        return this.kept(member, () => member.passOverDirty());
      case 'restart':
        return member.restart();
      case 'clock':
        return void member.root.time.advance(act.path * 1_000_000);
      case 'offline':
        return void (member.isOnline = false);
      case 'online':
        member.isOnline = true;
        return this.members.meet();
      case 'delete-elsewhere':
        return this.deleteElsewhere(member, at, `p/${path}`);
      case 'crash':
        return this.meets(member, act.nth, { crash: { keep: act.path, bytes: act.path % 2 === 0 } });
      case 'unmount':
        return this.meets(member, act.nth, { unmount: MEMORY_ROOT });
      case 'break':
        return this.meets(member, act.nth, { unmount: MEMORY_ROOT, errno: 'EIO' });
      case 'full':
        return this.meets(member, act.nth, { errno: 'ENOSPC' });
      case 'meddle':
        return this.meets(member, act.nth, { act: () => this.local(member, at, { do: 'write' }, path) });
      case 'rename':
        return this.local(member, at, { do: 'rename', to: PATHS[act.to % PATHS.length] }, path);
      default:
        return this.local(member, at, { do: act.do }, path);
    }
  }

  /** All come together again, and are to be equal. */
  async finish(): Promise<void> {
    for (const member of this.members.all) {
      member.isOnline = true;
      this.repair(member);
    }
    await this.rest();
    for (const member of this.members.all) {
      for (const hold of (await member.live.held(this.id(member))) ?? []) {
        await member.live.answerHold(this.id(member), hold.id, { action: 'restore' });
      }
      const info = await member.info();
      if (info.reason === 'prefix-gone') await member.live.patch(info.id, { prefixGone: 'empty' });
    }
    await this.rest();
    const told = new Set<string>();
    for (const member of this.members.all) {
      for (const { path, kind } of await member.live.issues(this.id(member))) {
        if (kind === 'hidden' || kind === 'deleted-elsewhere') told.add(path);
      }
    }
    const [first, ...others] = this.members.all.map((member) => without(member.files(), told));
    for (const other of others) expect(other).toEqual(first);
    for (const member of this.members.all) expect(await member.info()).toMatchObject({ state: 'up-to-date' });
    await this.checkDeletions();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.members[Symbol.asyncDispose]();
  }

  private async rest(): Promise<void> {
    const all = this.members.all;
    const before = all.flatMap((member) => Object.values(member.files()));
    await this.members.settle();
    await this.checkKept(before);
  }

  private id(member: TestMember): string {
    return member.folder?.stored.id as string;
  }

  /** All bytes that stood on a disk are in a folder, a version or a trash afterwards, but for what people took away. */
  private async kept(member: TestMember, work: () => Promise<void>): Promise<void> {
    const before = Object.values(member.files());
    await work();
    await this.checkKept(before);
  }

  private async checkKept(texts: readonly string[]): Promise<void> {
    const found = new Set<string>();
    for (const member of this.members.all) {
      for (const text of Object.values(member.root.all())) found.add(text);
    }
    const missing = texts.filter((text) => !found.has(text) && !this.given.has(text));
    if (missing.length === 0) return;
    for (const member of this.members.all) {
      for (const path of PATHS) for (const text of await member.versions(`p/${path}`)) found.add(text);
    }
    expect(missing.filter((text) => !found.has(text))).toEqual([]);
  }

  /** A member that deleted a path in the network had it taken away on its own disk. */
  private async checkDeletions(): Promise<void> {
    for (const path of PATHS) {
      const [first] = this.members.all;
      const entry = await first?.catalogue.byPath(`p/${path}`);
      if (!first || !entry) continue;
      const { items } = await first.catalogue.versions(entry.fileId, { limit: 1000 });
      for (const { kind, author } of items) {
        const at = this.members.all.findIndex(({ signer }) => signer.peerId === author);
        if (kind === 'deletion') expect([path, at, this.gone[at]?.has(path)]).toEqual([path, at, true]);
      }
    }
  }

  private async meets(member: TestMember, nth: number, fate: Exclude<Fate, string>): Promise<void> {
    const when =
      'errno' in fate && fate.errno === 'ENOSPC' ? { when: ({ name }: { name: string }) => name === 'write' } : {};
    member.root.files.script({ nth, fate, ...when });
    const before = Object.values(member.files());
    await member.settle();
    this.repair(member);
    if ('crash' in fate) await member.restart();
    await this.checkKept(before);
  }

  private repair(member: TestMember): void {
    member.root.files.script();
    member.root.files.remount(MEMORY_ROOT);
    member.root.files.release();
  }

  /** People's programs have written it to the disk for good. */
  private local(member: TestMember, at: number, act: { do: Act['do']; to?: string }, path: string): void {
    this.person(member, at, act, path);
    member.root.files.tree.settle();
    const paths = [path, ...(act.to === undefined ? [] : [act.to])];
    member.tell(paths.map((one) => one.slice(0, Math.max(0, one.lastIndexOf('/')))));
  }

  private person(member: TestMember, at: number, act: { do: Act['do']; to?: string }, path: string): void {
    const { user, files } = member.root;
    const whole = member.root.at(path);
    const there = find(files.tree, whole);
    const blocked = path
      .split('/')
      .slice(0, -1)
      .some((_, n, parts) => {
        const above = find(files.tree, member.root.at(parts.slice(0, n + 1).join('/')));
        return above !== undefined && above.kind !== 'directory';
      });
    if (blocked) return;
    const isFile = there?.kind === 'file';
    const text = (): string => `text ${at} ${this.texts++}`;
    switch (act.do) {
      case 'write':
      case 'save':
        if (there && !isFile) return;
        if (isFile) this.take_(there.data.toString());
        return act.do === 'write' ? void user.write(whole, text()) : user.save(whole, text());
      case 'append':
        if (!isFile) return;
        this.take_(there.data.toString());
        return user.append(there, ` and ${text()}`);
      case 'touch':
        return isFile ? user.touch(whole, member.root.time.now()) : undefined;
      case 'touch-bit':
        return isFile ? user.chmod(whole) : undefined;
      case 'remove':
        if (!isFile) return;
        this.take_(there.data.toString());
        this.gone[at]?.add(path);
        return user.remove(whole);
      case 'directory':
        // A file becomes a directory with something in it.
        if (!isFile || path.includes('/')) return;
        this.take_(there.data.toString());
        this.gone[at]?.add(path);
        user.remove(whole);
        return void user.write(`${whole}/x`, text());
      case 'rename': {
        const to = member.root.at(act.to as string);
        const target = find(files.tree, to);
        if (!isFile || (target && target.kind !== 'file') || act.to === path) return;
        const parent = to.slice(0, to.lastIndexOf('/'));
        const above = find(files.tree, parent);
        if (above?.kind !== 'directory') return;
        if (target) this.take_(target.data.toString());
        this.gone[at]?.add(path);
        return user.rename(whole, to);
      }
      default:
    }
  }

  private take_(text: string): void {
    this.given.add(text);
  }

  /** By the API of a member, as another folder or person might. */
  private async deleteElsewhere(member: TestMember, at: number, path: string): Promise<void> {
    const entry = await member.catalogue.byPath(path);
    if (!entry || entry.deleted) return;
    this.gone[at]?.add(path.slice(2));
    await member.db.write((tx) => member.catalogue.commit(tx, [{ kind: 'deletion', path }]));
  }
}

function find(tree: MemoryTree, path: string): Inode | undefined {
  try {
    return tree.find(path);
  } catch {
    return undefined;
  }
}

function without(files: Record<string, string>, paths: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).filter(
      ([path]) => ![...paths].some((one) => path === one || path.startsWith(`${one}/`) || one.startsWith(`${path}/`)),
    ),
  );
}
