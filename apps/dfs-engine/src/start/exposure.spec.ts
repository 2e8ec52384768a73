import { tuning } from '../process/runtime-flags.js';
import { exposureOf } from './exposure.js';

describe('a data directory on Windows', () => {
  const home = 'C:\\Users\\ada';

  it.each(['C:\\Users\\ada\\dfs', 'c:\\users\\ADA\\data', 'C:\\Users\\ada', 'C:\\Users\\ada\\..dfs'])(
    'in the folder of its user is well: %s',
    (dir) => {
      expect(exposureOf(dir, 'win32', home)).toBeUndefined();
    },
  );

  it.each(['C:\\dfs', 'D:\\dfs', 'C:\\Users\\adam\\dfs', 'C:\\Users', '\\\\nas\\share\\dfs'])(
    'elsewhere may be read by others: %s',
    (dir) => {
      expect(exposureOf(dir, 'win32', home)).toMatch(/other users of this machine/);
    },
  );

  it('elsewhere has modes', () => {
    expect(exposureOf('/srv/dfs', 'linux', '/home/ada')).toBeUndefined();
  });
});

it('a process starts with settings that its platform has', () => {
  expect(tuning('win32').env).toEqual({ UV_THREADPOOL_SIZE: '8' });
  expect(tuning('win32').flags).toEqual(tuning('linux').flags.filter((flag) => !flag.includes('sigusr1')));
  expect(tuning('linux').flags).toContain('--disable-sigusr1');
  expect(tuning('linux').env).toMatchObject({ UV_THREADPOOL_SIZE: '8', MALLOC_ARENA_MAX: '1' });
});
