import { atBase, basePath } from './base-path.js';

describe('where the console stands', () => {
  const at = (href: string): void => {
    document.head.innerHTML = `<base href="${href}" />`;
  };
  afterEach(() => (document.head.innerHTML = ''));

  it('is told by the base of its page, and addresses of the node begin there', () => {
    at('/');
    expect([basePath(), atBase('/api/v1/node')]).toEqual(['', '/api/v1/node']);
    at('/dfs/');
    expect([basePath(), atBase('/api/v1/node')]).toEqual(['/dfs', '/dfs/api/v1/node']);
    at('/a/b/');
    expect(atBase('/socket.io/')).toBe('/a/b/socket.io/');
    expect(atBase('https://elsewhere.example/x')).toBe('https://elsewhere.example/x');
  });
});
