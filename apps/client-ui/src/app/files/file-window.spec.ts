import type { FileQuery } from '@dfs/client-data';
import { ApiProblem } from '@dfs/client-data';
import type { FileInfo, FileList } from '@dfs/contracts';
import { type Observable, Subject, defer, of, throwError } from 'rxjs';
import { FileWindow, type FileChange, type FileRow } from './file-window.js';

const START = Date.parse('2026-11-22T12:00:00Z');

function file(path: string, at = START, size = 1): FileInfo {
  return {
    id: `id-${path}`,
    path,
    size,
    mediaType: 'text/plain',
    contentId: `c-${path}-${at}`,
    createdAt: new Date(at).toISOString(),
    modifiedAt: new Date(at).toISOString(),
    author: 'a',
    version: `v-${at}`,
    deleted: false,
    conflict: false,
    replication: { target: 3, copies: 3, reachable: 3, state: 'safe' },
    local: 'whole',
  };
}

/** The work of an engine on a list: sort, filter, page by a cursor that names the last row. */
class ListServer {
  files = new Map<string, FileInfo>();
  queries: FileQuery[] = [];
  failure: ApiProblem | null = null;
  #sorted = new Map<string, FileInfo[]>();

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.put(file(`f${String(i).padStart(6, '0')}`, START - i * 1000, i));
  }

  put(info: FileInfo): FileChange {
    const isNew = !this.files.has(info.id);
    this.files.set(info.id, info);
    this.#sorted.clear();
    return { kind: 'put', file: info, isNew, conflict: false, at: START };
  }

  delete(path: string): FileChange {
    this.files.delete(`id-${path}`);
    this.#sorted.clear();
    return { kind: 'gone', id: `id-${path}`, path };
  }

  sorted(query: Pick<FileQuery, 'sort' | 'prefix' | 'q'>): FileInfo[] {
    const question = JSON.stringify([query.sort, query.prefix, query.q]);
    const known = this.#sorted.get(question);
    if (known) return known;
    const key = query.sort.replace('-', '') as 'path' | 'size' | 'modifiedAt';
    const sign = query.sort.startsWith('-') ? -1 : 1;
    const files = [...this.files.values()]
      .filter((f) => f.path.startsWith(query.prefix ?? '') && f.path.includes(query.q ?? ''))
      .sort((a, b) => sign * (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : a.path < b.path ? -1 : 1));
    this.#sorted.set(question, files);
    return files;
  }

  list = (query: FileQuery): Observable<FileList> =>
    defer(() => {
      this.queries.push(query);
      if (this.failure) return throwError(() => this.failure);
      const all = this.sorted(query);
      const key = query.sort.replace('-', '') as 'path' | 'size' | 'modifiedAt';
      const from = query.cursor
        ? startAfter(all, JSON.parse(query.cursor) as [string | number, string], key, query.sort.startsWith('-'))
        : 0;
      const items = all.slice(from, from + query.limit);
      const last = items.at(-1);
      const more = last !== undefined && from + items.length < all.length;
      return of({
        items,
        folders: [],
        nextCursor: more ? JSON.stringify([last[key], last.path]) : null,
        total: all.length,
      });
    });
}

function startAfter(
  all: FileInfo[],
  [value, path]: [string | number, string],
  key: 'path' | 'size' | 'modifiedAt',
  down: boolean,
): number {
  const at = all.findIndex((f) => {
    const after = f[key] === value ? f.path > path : f[key] > value;
    const before = f[key] === value ? f.path < path : f[key] < value;
    return down ? before : after;
  });
  return at === -1 ? all.length : at;
}

const paths = (rows: readonly (FileRow | null)[]) => rows.map((row) => row?.path ?? null);

describe('FileWindow', () => {
  it('reads the first page, and how many there are', () => {
    const server = new ListServer(1000);
    const window = new FileWindow(server, { pageSize: 50 });
    window.show({ prefix: '', q: '', sort: 'path' });
    expect(window.total()).toBe(1000);
    expect(paths(window.rows()).slice(0, 3)).toEqual(['f000000', 'f000001', 'f000002']);
    // One page that is here, and room to scroll on.
    expect(window.loadedRows()).toHaveLength(50);
    expect(window.rows()).toHaveLength(100);
  });

  it('is bounded at 100,000 files, however far one scrolls, and comes back', () => {
    const server = new ListServer(100_000);
    const window = new FileWindow(server, { pageSize: 200, keptPages: 6 });
    window.show({ prefix: '', q: '', sort: 'path' });
    for (let first = 0; first < 30_000; first += 150) {
      window.see(first, first + 40);
      expect(window.loadedRows().length).toBeLessThanOrEqual(6 * 200);
    }
    expect(window.rows()[29_000]?.path).toBe('f029000');
    expect(window.rows()[100]).toBeNull();
    window.see(80, 120);
    expect(window.rows()[100]?.path).toBe('f000100');
    expect(window.loadedRows().length).toBeLessThanOrEqual(6 * 200);
    expect(Math.max(...server.queries.map((q) => q.limit))).toBeLessThanOrEqual(1000);
  });

  it('puts a new file where it belongs, without reading', () => {
    const server = new ListServer(10);
    const window = new FileWindow(server, { pageSize: 50 });
    window.show({ prefix: '', q: '', sort: 'path' });
    const reads = server.queries.length;
    window.apply([server.put(file('f000003b')), server.put(file('a')), server.put(file('z'))]);
    expect(paths(window.rows()).slice(0, 6)).toEqual(['a', 'f000000', 'f000001', 'f000002', 'f000003', 'f000003b']);
    expect(window.rows().at(-1)?.path).toBe('z');
    expect(window.total()).toBe(13);
    expect(server.queries).toHaveLength(reads);
  });

  it('moves a changed file, keeps its copies only while the content is the same', () => {
    const server = new ListServer(5);
    const window = new FileWindow(server, { pageSize: 50 });
    window.show({ prefix: '', q: '', sort: '-modifiedAt' });
    window.apply([server.put(file('f000003', START + 1000))]);
    expect(paths(window.rows())).toEqual(['f000003', 'f000000', 'f000001', 'f000002', 'f000004']);
    expect(window.rows()[0]?.replication).toBeNull();
    expect(window.total()).toBe(5);
    const same = server.files.get('id-f000001');
    if (same) window.apply([{ kind: 'put', file: same, isNew: false, conflict: true, at: START }]);
    expect(window.rows()[2]).toMatchObject({ path: 'f000001', conflict: true, replication: { copies: 3 } });
  });

  it('takes away what was deleted, and does not count what does not match', () => {
    const server = new ListServer(5);
    const window = new FileWindow(server, { pageSize: 50 });
    window.show({ prefix: '', q: 'f', sort: 'path' });
    window.apply([server.delete('f000001'), { kind: 'gone', id: 'id-x', path: 'x' }, server.put(file('x'))]);
    expect(paths(window.rows())).toEqual(['f000000', 'f000002', 'f000003', 'f000004']);
    expect(window.total()).toBe(4);
  });

  it('leaves what lies beyond the rows that are here to be read when it comes', () => {
    const server = new ListServer(100);
    const window = new FileWindow(server, { pageSize: 10 });
    window.show({ prefix: '', q: '', sort: 'path' });
    window.apply([server.put(file('f000050b'))]);
    expect(window.loadedRows()).toHaveLength(10);
    expect(window.total()).toBe(101);
    for (let first = 0; first < 60; first += 5) window.see(first, first + 5);
    expect(window.rows()[51]?.path).toBe('f000050b');
  });

  it('keeps an event that arrives while an older answer is on its way', () => {
    const answer = new Subject<FileList>();
    const server = new ListServer(3);
    const first = server.sorted({ sort: 'path' });
    const window = new FileWindow({ list: () => answer }, { pageSize: 10 });
    window.show({ prefix: '', q: '', sort: 'path' });
    window.apply([server.put(file('b-new')), server.delete('f000001')]);
    answer.next({ items: first, folders: [], nextCursor: null, total: 3 });
    expect(paths(window.rows())).toEqual(['b-new', 'f000000', 'f000002']);
  });

  it('forgets the answer to a question that is no longer asked', () => {
    const answers: Subject<FileList>[] = [];
    const window = new FileWindow({
      list: () => {
        answers.push(new Subject());
        return answers.at(-1) as Subject<FileList>;
      },
    });
    window.show({ prefix: '', q: 'a', sort: 'path' });
    window.show({ prefix: '', q: 'ab', sort: 'path' });
    answers[1]?.next({ items: [file('ab')], folders: [], nextCursor: null, total: 1 });
    answers[0]?.next({ items: [file('a'), file('ab')], folders: [], nextCursor: null, total: 2 });
    expect(paths(window.rows())).toEqual(['ab']);
  });

  it('says why it could not read, keeps what it has, and reads again when told', () => {
    const server = new ListServer(100);
    const window = new FileWindow(server, { pageSize: 10 });
    window.show({ prefix: '', q: '', sort: 'path' });
    server.failure = new ApiProblem({ code: 'internal-error', status: 500 });
    window.see(8, 12);
    expect(window.problem()?.code).toBe('internal-error');
    expect(window.loadedRows()).toHaveLength(10);
    const reads = server.queries.length;
    window.see(8, 12);
    expect(server.queries).toHaveLength(reads);
    server.failure = null;
    window.retry();
    expect(window.problem()).toBeNull();
    expect(window.loadedRows()).toHaveLength(20);
  });

  it('keeps its place when pages before it changed', () => {
    const server = new ListServer(2000);
    const window = new FileWindow(server, { pageSize: 50, keptPages: 40 });
    window.show({ prefix: '', q: '', sort: 'path' });
    for (let first = 0; first < 500; first += 20) window.see(first, first + 20);
    server.delete('f000010');
    server.put(file('f000020b'));
    server.put(file('f000020c'));
    window.refresh();
    expect(window.rows().length).toBeGreaterThan(500);
    for (let first = 0; first < 500; first += 20) window.see(first, first + 20);
    const expected = server.sorted({ sort: 'path' }).map((f) => f.path);
    expect(paths(window.rows()).slice(0, 500)).toEqual(expected.slice(0, 500));
  });

  it('survives a flood of new files with bounded rows', () => {
    const server = new ListServer(1000);
    const window = new FileWindow(server, { pageSize: 100, keptPages: 5 });
    window.show({ prefix: '', q: '', sort: '-modifiedAt' });
    for (let batch = 0; batch < 10; batch++) {
      window.apply(
        Array.from({ length: 1000 }, (_, i) => server.put(file(`n${batch}-${i}`, START + batch * 1000 + i))),
      );
      expect(window.loadedRows().length).toBeLessThanOrEqual(700);
    }
    window.refresh();
    expect(window.total()).toBe(11_000);
    const expected = server.sorted({ sort: '-modifiedAt' }).map((f) => f.path);
    expect(paths(window.rows()).slice(0, 100)).toEqual(expected.slice(0, 100));
  });

  it('never shows a file twice, and ends equal to the engine, whatever happens', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const pick = (n: number) => Math.floor(random() * n);
      const server = new ListServer(pick(400));
      const window = new FileWindow(server, { pageSize: 20, keptPages: 4 });
      const sort = (['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'] as const)[pick(6)] ?? 'path';
      window.show({ prefix: '', q: '', sort });
      for (let step = 0; step < 60; step++) {
        const name = `f${String(pick(450)).padStart(6, '0')}`;
        const what = pick(6);
        if (what < 2) window.apply([server.put(file(name, START + step, pick(1000)))]);
        else if (what === 2) window.apply(server.files.has(`id-${name}`) ? [server.delete(name)] : []);
        else if (what === 3) server.put(file(name, START + step, pick(1000)));
        else if (what === 4) window.see(pick(400), pick(400) + 20);
        else window.refresh();
        const shown = window.loadedRows().map((row) => row.id);
        expect({ seed, step, shown: shown.length }).toEqual({ seed, step, shown: new Set(shown).size });
      }
      window.see(0, 20);
      window.refresh();
      const expected = server.sorted({ sort }).map((f) => f.path);
      expect({ seed, total: window.total() }).toEqual({ seed, total: expected.length });
      expect({ seed, rows: paths(window.rows()).slice(0, 20) }).toEqual({ seed, rows: expected.slice(0, 20) });
    }
  });
});

/** A small generator of numbers in [0, 1) (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
