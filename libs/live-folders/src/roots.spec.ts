import { isDfsError } from '@dfs/runtime';
import { refuseOverlap, refuseRoot } from './roots.js';

const rules = { allowed: ['/home/u/DFS', '/srv/shared'], home: '/home/u', dataDir: '/opt/data' };

function codeOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (isDfsError(error)) return error.code;
    throw error;
  }
  return 'allowed';
}

describe('a root (rule 18)', () => {
  it.each([
    ['/home/u/DFS', false, 'allowed'],
    ['/home/u/DFS/photos', false, 'allowed'],
    ['/srv/shared/a', false, 'allowed'],
    ['/home/u/DFSx', false, 'folder-root-refused'],
    ['/home/u/documents', false, 'folder-root-refused'],
    ['/home/u/documents', true, 'allowed'],
    ['/home/u', true, 'folder-root-refused'],
    ['/home', true, 'folder-root-refused'],
    ['/', true, 'folder-overlap'],
    ['/home/u/.ssh', true, 'folder-root-refused'],
    ['/home/u/.config/autostart', true, 'folder-root-refused'],
    ['/etc', true, 'folder-root-refused'],
    ['/usr/local/bin', true, 'folder-root-refused'],
    ['/run/media/u/disk', true, 'allowed'],
    ['/opt/data', true, 'folder-overlap'],
    ['/opt/data/chunks', true, 'folder-overlap'],
    ['documents', true, 'folder-root-refused'],
  ])('%s, asked on the machine itself: %s, is %s', (root, onMachine, expected) => {
    expect(codeOf(() => refuseRoot(root, rules, onMachine))).toBe(expected);
  });

  it.each([
    ['/a', 'other', 'folder-overlap'],
    ['/a/b/c', 'other', 'folder-overlap'],
    ['/a/bc', 'other', 'allowed'],
    ['/z', 'p', 'folder-overlap'],
    ['/z', 'p/q/r', 'folder-overlap'],
    ['/z', '', 'folder-overlap'],
    ['/z', 'p/qr', 'allowed'],
  ])('%s for %s beside another folder is %s', (root, prefix, expected) => {
    expect(codeOf(() => refuseOverlap({ root, prefix }, [{ name: 'n', root: '/a/b', prefix: 'p/q' }]))).toBe(expected);
  });
});
