import { tempDir } from '@dfs/testing';
import { memoryRoot } from '../../testing/memory-root.js';
import { NodeFileSystem } from '../fs/node-file-system.js';
import { LocalRootDisk } from '../local-root-disk.js';
import { ORDINARY_TRAITS } from './probe.js';

describe('what a file system keeps (rule 11)', () => {
  it.each([
    ['Linux', {}, {}],
    [
      'a Mac',
      { foldsCase: true, decomposes: true },
      { foldsCase: true, foldsForms: true, decomposes: true, refusesBytes: true },
    ],
    [
      'FAT',
      { foldsCase: true, noLinks: true, noExecutableBit: true, refusesBytes: true, mtimeStepNs: 2_000_000_000n },
      { foldsCase: true, links: false, executableBit: false, refusesBytes: true, mtimeStepNs: 2_000_000_000n },
    ],
    ['exFAT', { noLinks: true, mtimeStepNs: 10_000_000n }, { links: false, mtimeStepNs: 10_000_000n }],
  ])('%s', async (_name, options, traits) => {
    const root = memoryRoot(options);
    const { mtimeStepNs, ...found } = await root.disk.probe();
    const { mtimeStepNs: step, ...expected } = { ...ORDINARY_TRAITS, mtimeStepNs: 1_000_000n, ...traits };
    expect(found).toEqual(expected);
    expect(mtimeStepNs).toBe(step);
    expect(root.all()).toEqual({});
  });

  it('this machine, again and again, leaving nothing', async () => {
    const dir = await tempDir('dfs-probe-');
    const files = new NodeFileSystem();
    const disk = new LocalRootDisk({ files, root: dir.path });
    const traits = async (): Promise<object> => {
      const { mtimeStepNs, ...others } = await disk.probe();
      // One file in a hundred has a time that happens to be round: a step that is taken for a coarser one does no harm.
      expect(mtimeStepNs).toBeLessThanOrEqual(1_000_000n);
      return others;
    };
    expect(await traits()).toEqual(await traits());
    expect(await disk.probe()).toMatchObject({ keepsInodes: true, links: true, executableBit: true, longestName: 255 });
    expect(await files.readdir(dir.path)).toEqual([]);
    await dir.remove();
  });

  it('a read-only disk is taken for an ordinary one; one that fails is not', async () => {
    const root = memoryRoot();
    root.files.tree.readOnly = true;
    expect(await root.disk.probe()).toEqual(ORDINARY_TRAITS);
    root.files.script({ nth: 3, fate: { errno: 'EIO' } });
    await expect(root.disk.probe()).rejects.toMatchObject({ code: expect.stringMatching(/EIO/) as string });
  });
});
