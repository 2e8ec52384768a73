import { MiB } from '@dfs/runtime';
import { TestMembers, type TestMember } from '../testing/members.js';
import { issuesOf } from '../testing/world.suite.js';

const MINUTE = 60_000;
const BIG = 'x'.repeat(4 * MiB);

/** Calls by which bytes of a file were read. */
function readings(member: TestMember, path: string): number {
  return member.root.files.calls.filter((call) => call.name === 'read' && call.path === member.root.at(path)).length;
}

/** So many bytes are left of the quota of its node. */
function leave(member: TestMember, bytes: number): void {
  member.chunks.setQuota(member.chunks.usage().bytes + bytes);
}

async function later(member: TestMember): Promise<void> {
  member.root.time.advance(MINUTE);
  await member.passOverDirty();
}

describe('room (rule 14)', () => {
  it('a file that the quota has no room for is told of before a byte of it is read; the others go on; it is taken when there is room', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('small', 'one');
    await a.bind();
    await b.bind();
    await members.settle();
    leave(a, 2 * MiB);
    a.write('big', BIG);
    a.write('other', 'two');
    await members.settle();
    expect(await issuesOf(a)).toEqual([['no-room', 'big']]);
    expect(await a.info()).toMatchObject({ state: 'up-to-date', files: 2 });
    expect(readings(a, 'big')).toBe(0);
    expect(b.files()).toEqual({ small: 'one', other: 'two' });
    await later(a);
    expect(readings(a, 'big')).toBe(0);
    leave(a, 16 * MiB);
    await later(a);
    expect(await issuesOf(a)).toEqual([]);
    await members.settle();
    expect(b.files()).toEqual({ small: 'one', other: 'two', big: BIG });
  });

  it('is tried at once when the file changes', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    await a.bind();
    await b.bind();
    leave(a, 2 * MiB);
    a.write('big', BIG);
    await members.settle();
    expect(await issuesOf(a)).toEqual([['no-room', 'big']]);
    a.write('big', 'not so big');
    a.tell(['']);
    await a.passOverDirty();
    expect(await issuesOf(a)).toEqual([]);
    await members.settle();
    expect(b.files()).toEqual({ big: 'not so big' });
  });

  it('a version that has no room is read once, not with each try, and the one before it stays with the others', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('file', 'one');
    await a.bind();
    await b.bind();
    await members.settle();
    leave(a, 2 * MiB);
    a.write('file', BIG);
    await members.settle();
    a.root.time.advance(MINUTE);
    await members.settle();
    expect(await issuesOf(a)).toEqual([['no-room', 'file']]);
    expect(b.files()).toEqual({ file: 'one' });
    const read = readings(a, 'file');
    for (let turn = 0; turn < 3; turn++) await later(a);
    await members.settle();
    expect(readings(a, 'file')).toBe(read);
    expect(await issuesOf(a)).toEqual([['no-room', 'file']]);
    // A version that others write there meanwhile is a conflict with it, when there is room.
    leave(a, 16 * MiB);
    await later(a);
    await members.settle();
    expect(b.files()).toEqual({ file: BIG });
    expect(await b.versions('p/file')).toContain('one');
  });

  it('a move takes no room: it is signed where the quota is full', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('file', BIG);
    await a.bind();
    await b.bind();
    await members.settle();
    leave(a, 0);
    a.rename('file', 'moved');
    await members.settle();
    expect(b.files()).toEqual({ moved: BIG });
    expect(await issuesOf(a)).toEqual([]);
  });

  it('content that no chunk store here keeps comes to the disk by stream', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    await b.bind();
    // Its quota has room for nothing; its disk has.
    leave(b, 0);
    a.write('big', BIG);
    await a.bind();
    await members.settle();
    expect(b.files()).toEqual({ big: BIG });
    expect(await issuesOf(b)).toEqual([]);
  });
});
