import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fold, shares } from './parts.mjs';
import { heldBack, sentence } from './held-back.mjs';
import { mainThreads, Sources } from './read.mjs';
import { heldMemory } from './held-memory.mjs';
import { figureOf, workOf, WORKS } from '../plan.mjs';
import type { Sample } from '../watch.mjs';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 0, columnNumber: 0 });
const sourceOf = ({ url }: { url: string }) => url;
/** Ten samples a millisecond apart: a root, a query of SQLite with a native call in it, a collection, nothing to do, and code of no name. */
const profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4, 5, 6] },
    { id: 2, callFrame: frame('all', 'libs/database/src/sql/statements.ts'), children: [3] },
    { id: 3, callFrame: frame('copy') },
    { id: 4, callFrame: frame('(garbage collector)') },
    { id: 5, callFrame: frame('(idle)') },
    { id: 6, callFrame: frame('work', 'somewhere/else.js') },
  ],
  startTime: 1_000_000,
  samples: [2, 3, 3, 3, 4, 4, 4, 5, 5, 6],
  timeDeltas: Array.from({ length: 10 }, () => 1000),
};

/** The same with so many seconds a sample. */
const longer = (seconds: number) => ({ ...profile, timeDeltas: profile.timeDeltas.map(() => seconds * 1e6) });

describe('a CPU profile', () => {
  it('is folded into parts, where native code works for the one that called it', () => {
    const folded = fold(profile, sourceOf);
    expect(folded.busy).toBeCloseTo(0.008);
    expect(shares(folded)).toBe('SQLite 50 %, collections 38 %, other 13 %');
  });

  it('tells of a span of time alone', () => {
    const folded = fold(profile, sourceOf, { from: 1_004_500, until: 1_008_500 });
    expect(shares(folded)).toBe('collections 100 %');
    expect(shares(fold(profile, sourceOf, { from: 0, until: 1 }))).toBe('');
  });

  it('names a few parts, and puts the rest together', () => {
    const folded = fold(profile, sourceOf);
    expect(shares(folded, 1)).toBe('SQLite 50 %, other 50 %');
  });
});

describe('what an engine writes', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'profiles-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is read by process and by the clock of this one', async () => {
    const hash = `const { createHash } = require('node:crypto');
      for (const end = performance.now() + 100; performance.now() < end;) createHash('sha256').update('x'.repeat(1e5)).digest();`;
    const from = Number(process.hrtime.bigint() / 1000n);
    const child = spawn(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, '-e', hash], { env: {} });
    await once(child, 'exit');
    const window = { from, until: Number(process.hrtime.bigint() / 1000n) };
    const read = await mainThreads(folder);
    expect(read.map(({ pid }) => pid)).toEqual([child.pid]);
    const sources = new Sources();
    const folded = fold(read[0]!.profile, (each) => sources.of(each), window);
    expect(folded.parts.get('hashing')).toBeGreaterThan(0);
    expect(fold(read[0]!.profile, (each) => sources.of(each), { from: 0, until: from }).busy).toBe(0);
  });

  it('may be half a file, which is told', async () => {
    await writeFile(join(folder, 'CPU.20260101.000000.7.0.001.cpuprofile'), '{"nodes":[');
    await expect(mainThreads(folder)).rejects.toThrow(SyntaxError);
  });

  it('has functions of a bundle where their sources are', async () => {
    const bundle = join(folder, 'bundle.js');
    // The first column of the first line is the first column of the third line of `libs/chunks/src/cut.ts`.
    const map = { version: 3, sources: ['../libs/chunks/src/cut.ts'], names: [], mappings: 'AAEA' };
    await writeFile(`${bundle}.map`, JSON.stringify(map));
    const sources = new Sources();
    expect(sources.of(frame('cut', `file://${bundle}`))).toContain('libs/chunks/src/cut.ts');
    expect(sources.of(frame('cut', join(folder, 'none.js')))).toBe(join(folder, 'none.js'));
    await writeFile(join(folder, 'broken.js.map'), '{');
    expect(sources.of(frame('cut', join(folder, 'broken.js')))).toBe(join(folder, 'broken.js'));
  });
});

describe('what holds back rows that are not met', () => {
  const time = { main: 2, collector: 1, disk: 0.5, hash: 0, all: 4 };
  const cost = {
    peak: 0,
    lag: 0,
    seconds: 1,
    idle: 0,
    others: 0,
    written: 0,
    processor: [time, time],
    pids: [7, 8],
    children: [[9], []],
    window: { from: 1_000_000, until: 2_000_000 },
  };
  const row = (work: string, profiled: string) => ({
    work,
    profiled,
    ours: 1,
    unit: 's',
    processor: 1,
    beside: undefined,
    itsProcessor: undefined,
    besideIs: '',
    goal: '≤ 1',
    met: false,
    others: 0,
    why: 'Because.',
    held: '',
  });
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'held-back-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const options = {
    workOf: (figure: string) => figure.split('.', 2).join('.'),
    took: () => 1000,
  };
  const written = () => String(process.env.NODE_OPTIONS_ENGINE).split('--cpu-prof-dir=')[1]!;
  const round = async () => {
    await writeFile(join(written(), 'CPU.20260101.000000.7.0.001.cpuprofile'), JSON.stringify(profile));
    return { in: { value: 1, cost }, out: { value: 1, cost } };
  };

  it('are the threads of each engine, and the parts of its main thread', () => {
    expect(sentence(cost, [{ pid: 7, profile }], new Sources())).toBe(
      'A 4.00 s: main thread 2.00 (SQLite 50 %, collections 38 %, other 13 %), collector 1.00, SQLite and files 0.50, ' +
        'other threads and processes 0.50; B 4.00 s: main thread 2.00 (it has written no profile), collector 1.00, ' +
        'SQLite and files 0.50, other threads and processes 0.50.',
    );
  });

  it('are the processes that an engine has started, too', () => {
    const reads = [7, 9, 10].map((pid) => ({ pid, profile }));
    const inWindow = { ...cost, processor: [time], pids: [7], window: { from: 0, until: 2_000_000 } };
    const told = (busy: number) =>
      sentence(
        inWindow,
        reads.map((read) => ({ ...read, profile: longer(busy) })),
        new Sources(),
      );
    expect(told(0.07)).toMatch(
      /other threads and processes 0\.50, in a process of its own 0\.56 \(SQLite 50 %, collections 38 %, other 13 %\)\.$/,
    );
    expect(told(0.001)).not.toContain('process of its own');
  });

  it('are told by one round for all rows of a work, and nothing is left of it', async () => {
    const before = process.env.NODE_OPTIONS_ENGINE;
    let rounds = 0;
    const told = await heldBack({
      ...options,
      folder,
      rows: [row('in', 'tmpfs.file.in'), row('out', 'tmpfs.file.out'), row('memory', '')],
      round: () => (rounds++, round()),
    });
    expect(rounds).toBe(1);
    expect([...told.keys()]).toEqual(['in', 'out']);
    expect(told.get('out')).toContain('SQLite 50 %');
    expect(await readdir(folder)).toEqual([]);
    expect(process.env.NODE_OPTIONS_ENGINE).toBe(before);
  });

  it('are the whole of a process that does nothing else', async () => {
    const told = await heldBack({
      ...options,
      folder,
      rows: [row('look', 'disk.scan.placing')],
      round: async () => (await round(), { placing: { value: 1 } }),
    });
    expect(told.get('look')).toBe(
      'A process that did this and nothing else, 0.0 s: SQLite 50 %, collections 38 %, other 13 %.',
    );
  });

  it('are not known where a work fails, or its profile cannot be read, which fails nothing', async () => {
    const told = await heldBack({
      ...options,
      folder,
      rows: [row('failing', 'tmpfs.small.ours'), row('half', 'tmpfs.file.in'), row('none', 'disk.scan.placing')],
      round: async (figure): Promise<Record<string, Sample>> => {
        if (figure.startsWith('tmpfs.small')) throw new Error('on purpose\nand more');
        if (figure.startsWith('disk')) return { placing: { value: 1 } };
        await writeFile(join(written(), 'CPU.20260101.000000.7.0.001.cpuprofile'), '{');
        return { in: { value: 1, cost } };
      },
    });
    expect(told.get('failing')).toBe('No profile could be taken or read: on purpose');
    expect(told.get('half')).toContain('No profile could be taken or read: ');
    expect(told.get('none')).toContain('no process has written one');
  });

  it('are left out once there is no time, the longest first', async () => {
    const told = await heldBack({
      ...options,
      folder,
      rows: [row('long', 'disk.list.list'), row('short', 'tmpfs.file.in')],
      took: (figure) => (figure.startsWith('disk') ? 1e9 : 1000),
      round,
    });
    expect(told.get('long')).toBe('No time was left for a profile.');
    expect(told.get('short')).toContain('main thread');
  });

  it('have a work of ours for every figure', () => {
    for (const work of WORKS.filter(({ rival, anywhere }) => !rival && !anywhere)) {
      for (const medium of work.media) expect(workOf(`${figureOf(work, medium)}.part`)).toBe(work);
    }
    expect(workOf('machine.sha256')).toBeUndefined();
    expect(workOf('tmpfs.large.syncthing')).toBeUndefined();
  });
});

(process.platform === 'linux' ? it : it.skip)(
  'what holds memory is the map of a process, and its own metrics',
  async () => {
    const MiB = 2 ** 20;
    const metrics = `# HELP nodejs_heap_size_total_bytes Process heap size from Node.js in bytes.
nodejs_heap_size_total_bytes ${4 * MiB}
nodejs_external_memory_bytes{node="a"} ${2 * MiB}
nodejs_heap_space_size_total_bytes{space="large_object"} ${1 * MiB}
nodejs_heap_space_size_total_bytes{space="old"} ${3 * MiB}
nodejs_heap_space_size_total_bytes{space="shared"} 0
nodejs_heap_space_size_used_bytes{space="old"} ${2 * MiB}
nodejs_heap_space_size_used_bytes{space="large_object"} ${1 * MiB}
`;
    const server = createServer((request, answer) =>
      answer.end(request.headers.authorization === 'Bearer secret' ? metrics : ''),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const text = await heldMemory({ pid: process.pid, url: `http://127.0.0.1:${port}`, token: 'secret' });
    server.close();
    const [, pool, files, rest] = /pool of the C library (\d+), program files (\d+), the rest (\d+)$/.exec(text) ?? [];
    expect(text).toMatch(/^V8 4 MiB \(old 2 of 3, large_object 1 of 1; 2 outside of its heap\), /);
    for (const part of [pool, files, rest]) expect(Number(part)).toBeGreaterThan(0);
    expect(Number(pool) + Number(files) + Number(rest)).toBeLessThan(8192);
  },
);
