import { TestMembers } from '../testing/members.js';

describe('a live folder', () => {
  it('signs what stands on the disk, and writes to the disk what others have', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('one.txt', 'one');
    a.write('sub/two.txt', 'two');
    await a.bind();
    await b.bind();
    await members.settle();
    expect(b.files()).toEqual({ 'one.txt': 'one', 'sub/two.txt': 'two' });
    expect(await a.info()).toMatchObject({ state: 'up-to-date', files: 2, issues: 0 });
    b.write('one.txt', 'changed on b');
    b.remove('sub/two.txt');
    await members.settle();
    expect(a.files()).toEqual({ 'one.txt': 'changed on b' });
    expect(a.trash()).toEqual(expect.arrayContaining(['one', 'two']));
  });
});
