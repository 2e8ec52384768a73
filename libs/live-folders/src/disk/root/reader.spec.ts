import { storeContent } from '@dfs/chunks';
import { bodyOf, memoryRoot, p, statIn, textOf } from '../../testing/memory-root.js';
import { seededRandom } from '@dfs/testing';
import { contentIdOf } from './content-id.js';

const MINUTE = 60_000;

describe('read what stands still (rule 9)', () => {
  it('gives the bytes of a file that two looks find the same', async () => {
    const { disk, user, at, time } = memoryRoot();
    user.write(at('a'), 'x'.repeat(600_000));
    time.advance(MINUTE);
    const before = time.ticks();
    const reading = await disk.read(p('a'));
    expect(time.ticks() - before).toBeGreaterThanOrEqual(100);
    expect(await textOf(reading)).toBe('x'.repeat(600_000));
    expect(await reading.end).toMatchObject({ racy: false, stat: reading.stat });
  });

  it('uses the memory of a piece again where that is asked for, and only there', async () => {
    const { disk, user, at, time } = memoryRoot();
    const bytes = Buffer.from(seededRandom(3).bytes(1_300_000));
    user.write(at('a'), bytes.toString('latin1'));
    time.advance(MINUTE);
    for (const reuses of [true, false]) {
      const memory = new Set<ArrayBufferLike>();
      const copies: Buffer[] = [];
      for await (const piece of (await disk.read(p('a'), { reuses })).body) {
        memory.add(piece.buffer);
        copies.push(Buffer.from(piece));
      }
      expect(copies.length).toBeGreaterThan(2);
      expect(memory.size).toBe(reuses ? 2 : copies.length);
      expect(Buffer.concat(copies).toString()).toBe(bytes.toString('latin1'));
    }
  });

  it('an earlier look saves the wait, if it is old enough', async () => {
    const root = memoryRoot();
    root.user.write(root.at('a'), 'x');
    const [listing] = await root.disk.list([p('')]);
    const stat = (await statIn(root, '', 'a'))!;
    const at = listing?.outcome === 'whole' ? listing.at : NaN;
    root.time.advance(MINUTE);
    const before = root.time.ticks();
    await textOf(await root.disk.read(p('a'), { seen: { stat, at } }));
    expect(root.time.ticks() - before).toBeLessThan(100);
    root.user.write(root.at('a'), 'y');
    await expect(root.disk.read(p('a'), { seen: { stat, at } })).rejects.toMatchObject({ code: 'changing' });
  });

  it('a change between two looks, while it is read, or by another file at its path, is told', async () => {
    for (const [call, change] of [
      ['open', 'write'],
      ['read', 'write'],
      ['read', 'save'],
      ['read', 'remove'],
    ] as const) {
      const { disk, user, at, files, time } = memoryRoot();
      user.write(at('a'), 'one');
      time.advance(MINUTE);
      const act = () => (change === 'remove' ? user.remove(at('a')) : user[change](at('a'), 'two'));
      files.script({ when: ({ name, path }) => name === call && path === at('a'), nth: 1, fate: { act } });
      const reading = disk.read(p('a')).then(textOf);
      await expect(reading).rejects.toMatchObject({ code: call === 'open' ? 'changing' : 'changed', retryAfter: 200 });
      const [content] = await disk.contentOf([{ path: p('a') }]);
      expect(content).toMatchObject({ outcome: 'changing' });
    }
  });

  it('a file that is written for a minute: the wait doubles up to 10 s, and it is told for how long', async () => {
    const { disk, user, at, time, files } = memoryRoot({ callsTakeNoTime: true });
    const waits: number[] = [];
    files.script({
      when: ({ name, path }) => name === 'open' && path === at('log'),
      fate: { act: () => user.write(at('log'), `${time.now()}`) },
    });
    user.write(at('log'), '');
    let changing = 0;
    for (let tries = 0; tries < 14; tries++) {
      const [content] = await disk.contentOf([{ path: p('log') }]);
      if (content?.outcome !== 'changing') throw new Error('it is always changing');
      waits.push(content.retryAfter);
      changing = content.changing;
      time.advance(content.retryAfter);
    }
    expect(waits.slice(0, 8)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(changing).toBeGreaterThan(MINUTE);
    // Not even looked at before the wait is over.
    const calls = files.calls.length;
    await disk.contentOf([{ path: p('log') }]);
    await expect(disk.read(p('log'))).rejects.toMatchObject({ code: 'changing' });
    expect(files.calls.slice(calls).filter(({ name }) => name === 'open' || name === 'read')).toHaveLength(1);
  });

  it('is taken as it is where it is asked for: as far as it went when it was opened', async () => {
    const { disk, user, at, files } = memoryRoot();
    user.write(at('log'), 'line');
    files.script({
      when: ({ name }) => name === 'read',
      fate: { act: () => user.append(files.tree.resolve(at('log')), '+') },
    });
    const reading = await disk.read(p('log'), { asIs: true });
    expect(await textOf(reading)).toContain('line');
    files.script();
    const [one, two] = [
      await disk.contentOf([{ path: p('log'), asIs: true }]),
      await disk.contentOf([{ path: p('log'), asIs: true }]),
    ];
    expect(one).toEqual(two);
  });

  it('a file that changed within 2 s of its hash, by the clock of the file system, is racy; one of 2099 is not', async () => {
    const { disk, user, at, time } = memoryRoot();
    const racy = async (path: string) => {
      const [content] = await disk.contentOf([{ path: p(path) }]);
      return content?.outcome === 'content' && content.end.racy;
    };
    user.write(at('a'), 'x');
    expect(await racy('a')).toBe(true);
    time.advance(3000);
    expect(await racy('a')).toBe(false);
    user.touch(at('a'), Date.UTC(2099, 0, 1));
    expect(await racy('a')).toBe(false);
  });

  it('with a step of 2 s (FAT) a file is racy for as long again', async () => {
    const { disk, user, at, time } = memoryRoot({ mtimeStepNs: 2_000_000_000n });
    await disk.probe();
    user.write(at('a'), 'x');
    time.advance(3000);
    expect((await disk.contentOf([{ path: p('a') }]))[0]).toMatchObject({ end: { racy: true } });
    time.advance(3000);
    expect((await disk.contentOf([{ path: p('a') }]))[0]).toMatchObject({ end: { racy: false } });
  });

  it('links, directories and what is gone are no content; errors are told by path', async () => {
    const { disk, user, at, files } = memoryRoot();
    user.special(at('l'), 'link');
    user.mkdir(at('d'));
    user.write(at('e'), '1');
    files.script({ when: ({ name, path }) => name === 'read' && path === at('e'), fate: { errno: 'EIO' } });
    const contents = await disk.contentOf(['l', 'd', 'none', 'e'].map((path) => ({ path: p(path) })));
    expect(contents.map(({ outcome }) => outcome)).toEqual(['changing', 'changing', 'absent', 'failed']);
    expect(contents[3]).toEqual({ path: 'e', outcome: 'failed', code: 'EIO' });
  });

  it('many files wait once for their second looks', async () => {
    const { disk, user, at, time } = memoryRoot({ callsTakeNoTime: true });
    const requests = Array.from({ length: 50 }, (_, n) => ({ path: p(`f${n}`) }));
    for (const { path } of requests) user.write(at(path), path);
    const before = time.ticks();
    const contents = await disk.contentOf(requests);
    expect(contents.every(({ outcome }) => outcome === 'content')).toBe(true);
    expect(time.ticks() - before).toBe(100);
  });
});

describe('whole small files by one call', () => {
  it('have all their bytes, and those that cannot be had say why', async () => {
    const { disk, user, at, time, files } = memoryRoot();
    for (const [path, text] of Object.entries({ a: 'one', b: '', long: 'x'.repeat(101), c: 'three' }))
      user.write(at(path), text);
    time.advance(MINUTE);
    const act = () => user.write(at('c'), 'since');
    files.script({ when: ({ name, path }) => name === 'read' && path === at('c'), nth: 1, fate: { act } });
    const read = await disk.readAll(
      ['a', 'b', 'long', 'c', 'none'].map((path) => ({ path: p(path) })),
      100,
    );
    expect(read.map((one) => (one.outcome === 'read' ? Buffer.from(one.bytes).toString() : one))).toEqual([
      'one',
      '',
      { path: 'long', outcome: 'failed', code: 'EFBIG' },
      { path: 'c', outcome: 'changing', retryAfter: 200, changing: 0 },
      { path: 'none', outcome: 'absent' },
    ]);
    expect(read[0]).toMatchObject({ path: 'a', end: { racy: false, stat: { size: 3 } } });
  });
});

describe('the id of a content', () => {
  it('is the one that an upload of the bytes gets', async () => {
    const random = seededRandom(7);
    for (const size of [0, 1, 300_000, 5_000_000]) {
      const bytes = random.bytes(size);
      const batch = { add: () => Promise.resolve() } as unknown as Parameters<typeof storeContent>[0];
      const { contentId } = await storeContent(batch, bodyOf(bytes));
      expect(await contentIdOf(bodyOf(bytes.subarray(0, 1000), bytes.subarray(1000)))).toBe(contentId);
    }
  });
});
