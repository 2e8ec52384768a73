import { ApiProblem, type FileQuery } from '@dfs/client-data';
import type { FileList, FolderInfo } from '@dfs/contracts';
import { Observable, Subject, defer, of, throwError } from 'rxjs';
import { file } from '../../../testing/fake-node.js';
import { FileWindow } from './file-window.js';
import type { FileView } from './rows.js';

const VIEW: FileView = { prefix: '', q: '', sort: 'path', state: 'current', type: '', replication: '' };
const folder = (name: string): FolderInfo => ({
  name,
  path: `${name}/`,
  files: 1,
  bytes: 1,
  newest: null,
  worst: null,
});
const number = (n: number) => `f${String(n).padStart(6, '0')}`;

/** The work of an engine on a list. */
class ListServer {
  files = Array.from({ length: 100_000 }, (_, n) => file(number(n)));
  /** Files up to which it counts. */
  counted = Infinity;
  folders = Array.from({ length: 30 }, (_, n) => folder(`d${n}`));
  queries: FileQuery[] = [];
  failure: ApiProblem | null = null;
  /** Answers wait until it says so. */
  held: Subject<void> | null = null;

  list = (query: FileQuery): Observable<FileList> =>
    defer(() => {
      this.queries.push(query);
      if (this.failure) return throwError(() => this.failure);
      const folders = query.level ? this.folders : [];
      const offset = query.offset ?? 0;
      const shown = folders.slice(offset, offset + query.limit);
      const from = Math.max(0, offset - folders.length);
      const answer: FileList = {
        items: this.files.slice(from, from + query.limit - shown.length),
        folders: shown,
        nextCursor: null,
        ...this.#total(offset, query.limit),
        ...(query.level && { totalFolders: folders.length }),
      };
      const { held } = this;
      return held === null
        ? of(answer)
        : new Observable<FileList>((to) =>
            held.subscribe(() => {
              to.next(answer);
              to.complete();
            }),
          );
    });

  #total(offset: number, limit: number): Pick<FileList, 'total' | 'totalIsAtLeast'> {
    const { length } = this.files;
    if (length <= this.counted || (offset >= this.counted && offset + limit >= length)) return { total: length };
    return { total: Math.max(this.counted, offset >= this.counted ? offset + limit : 0), totalIsAtLeast: true };
  }
}

describe('FileWindow', () => {
  let server: ListServer;
  let window: FileWindow;
  const pathAt = (at: number) => window.rows()[at]?.path;

  beforeEach(() => {
    server = new ListServer();
    window = new FileWindow(server);
    window.show(VIEW);
  });

  it('has a place for every row from the first answer on', () => {
    expect(window.length()).toBe(100_030);
    expect(window.rows().length).toBe(100_030);
    expect([pathAt(0), pathAt(29), pathAt(30)]).toEqual(['d0/', 'd29/', number(0)]);
    expect(window.totals()).toEqual({ folders: 30, files: 100_000, atLeast: false });
  });

  it('goes on behind what the node counted, to the end', () => {
    server.counted = 1000;
    server.files = server.files.slice(0, 1250);
    window.show({ ...VIEW, q: 'f' });
    expect([window.totals(), window.length()]).toEqual([{ folders: 0, files: 1000, atLeast: true }, 1100]);
    window.see(1000, 1010);
    expect([window.totals()?.files, window.length(), pathAt(1009)]).toEqual([1100, 1200, number(1009)]);
    window.see(0, 10);
    expect(window.length()).toBe(1200);
    window.see(1110, 1120);
    window.see(1210, 1220);
    expect([window.totals(), window.length()]).toEqual([{ folders: 0, files: 1250, atLeast: false }, 1250]);
    window.see(0, 10);
    expect([window.length(), pathAt(0)]).toEqual([1250, number(0)]);
  });

  it('reads wherever one jumps to, and only there', () => {
    window.see(99_990, 100_030);
    expect(pathAt(100_029)).toBe(number(99_999));
    expect(pathAt(50_000)).toBeUndefined();
    expect(server.queries.map(({ offset }) => offset)).toEqual([0, 99_900, 100_000]);
  });

  it('keeps a bounded number of rows however far one scrolls', () => {
    for (let at = 0; at < 100_000; at += 500) window.see(at, at + 30);
    expect(window.loadedRows().length).toBeLessThanOrEqual(1500);
    window.see(0, 30);
    expect(pathAt(0)).toBe('d0/');
  });

  it('drops what nobody waits for any more', () => {
    server.held = new Subject();
    for (let at = 10_000; at < 90_000; at += 5000) window.see(at, at + 30);
    server.held.next();
    expect(window.loadedRows().length).toBeLessThanOrEqual(300);
    expect(pathAt(85_000)).toBe(number(84_970));
  });

  it('keeps showing what was there until a new reading is here, and forgets what is out of view', () => {
    window.see(0, 30);
    window.see(50_000, 50_030);
    server.files = [file('a new one'), ...server.files];
    server.held = new Subject();
    window.refresh();
    expect(pathAt(50_000)).toBe(number(49_970));
    expect(pathAt(30)).toBeUndefined();
    server.held.next();
    expect(pathAt(50_000)).toBe(number(49_969));
    expect(window.length()).toBe(100_031);
  });

  it('grows shorter with the list', () => {
    window.see(99_990, 100_030);
    server.files = server.files.slice(0, 10);
    window.refresh();
    expect(window.rows().length).toBe(40);
    window.see(0, 40);
    expect(pathAt(39)).toBe(number(9));
  });

  it('asks for one level in a folder, and for files of any depth otherwise', () => {
    window.show({ ...VIEW, prefix: 'a/', q: 'x' });
    expect(server.queries.at(-1)).toMatchObject({ level: false, prefix: 'a/', q: 'x' });
    expect(window.length()).toBe(100_000);
    window.show({ ...VIEW, prefix: 'a/', q: 'x' });
    expect(server.queries).toHaveLength(2);
  });

  it('says why a read failed, does not ask again by itself, and does when told', () => {
    server.failure = new ApiProblem({ code: 'forbidden' });
    window.see(1000, 1030);
    window.see(1000, 1030);
    expect(window.problem()?.code).toBe('forbidden');
    const asked = server.queries.length;
    window.see(1001, 1031);
    expect(server.queries).toHaveLength(asked);
    server.failure = null;
    window.retry();
    expect(window.problem()).toBeNull();
    expect(pathAt(1000)).toBe(number(970));
  });

  it('knows which files its folders, or its filter, speak of', () => {
    window.show({ ...VIEW, prefix: 'a/' });
    expect(window.turnsWith(['a/x.txt', 'b/c/x.txt'])).toBe(false);
    expect(window.turnsWith(['b/x.txt', 'a/c/x.txt'])).toBe(true);
    window.show({ ...VIEW, replication: 'replicating' });
    expect(window.turnsWith(['x.txt'])).toBe(true);
  });

  it('counts copies anew where an event tells them', () => {
    const replication = { target: 3, copies: 1, reachable: 1, state: 'at-risk' } as const;
    window.patch(file(number(5)).id, replication);
    const row = window.rows()[35];
    expect(row?.kind === 'file' && row.file.replication).toEqual(replication);
  });
});
