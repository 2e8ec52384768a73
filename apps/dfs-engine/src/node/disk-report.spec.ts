import { diskReport } from './disk-report.js';

describe('what health says of the disk', () => {
  it('is content while all can be read and written', () => {
    expect(diskReport({ unreadable: null, unwritable: null })).toMatchObject({ ok: true });
  });

  it('says what cannot be done, and what helps', () => {
    expect(diskReport({ unreadable: { packs: 2, code: 'EACCES' }, unwritable: null })).toEqual({
      ok: false,
      code: 'chunk-unreadable',
      detail:
        'On the disk of this node 2 packs cannot be read (EACCES): see that the node may read and write its data directory. ' +
        'Files are read from other members meanwhile.',
    });
    expect(diskReport({ unreadable: null, unwritable: { code: 'EROFS' } })).toEqual({
      ok: false,
      code: 'disk-failed',
      detail: 'On the disk of this node nothing can be written (EROFS): mount it for writing.',
    });
    const both = diskReport({ unreadable: { packs: 1, code: 'EIO' }, unwritable: { code: 'EIO' } });
    expect(both.detail).toMatch(/1 packs cannot be read \(EIO\), and nothing can be written \(EIO\): check the disk/);
  });
});
