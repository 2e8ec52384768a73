import { mkdir, writeFile, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
const { startEngine } = await import(process.env.T ?? './libs/testing/dist/index.js');
const COUNT = Number(process.env.COUNT ?? 100000);
const top = `/dev/shm/live-prof-${process.pid}`;
const root = join(top, 'folder');
await mkdir(root, { recursive: true });
for (let d = 0; d < COUNT / 200; d++) {
  const dir = join(root, `d${d % 20}`, `e${d}`);
  await mkdir(dir, { recursive: true });
  await Promise.all(Array.from({ length: 200 }, (_, n) => writeFile(join(dir, `f${n}.txt`), `text ${d} ${n}`)));
}
const engine = await startEngine({ env: { DFS_FOLDER_ROOTS: top, DFS_LOG_LEVEL: 'warn' } });
try {
const cpu = async (pid) => { const s = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' '); return (Number(s[11]) + Number(s[12])) / 100; };
const rss = async (pid) => Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const child = async () => { for (const p of (await readFile(`/proc/${engine.pid}/task/${engine.pid}/children`, 'utf8')).split(' ').filter(Boolean)) if ((await readFile(`/proc/${p}/comm`, 'utf8')).startsWith('dfs-disk')) return Number(p); };
const headers = { 'content-type': 'application/json' };
const info = async () => (await engine.json('/live-folders')).items[0];
const made = await engine.json('/live-folders', { method: 'POST', headers, body: JSON.stringify({ root, prefix: 'p' }) });
const until = async (test) => { for (;;) { const i = await info(); if (test(i)) return i; await new Promise((r) => setTimeout(r, 50)); } };
const t = performance.now();
await until((i) => i.state === 'up-to-date' && i.files === COUNT);
const c = await child();
console.log('import', ((performance.now() - t) / 1000).toFixed(1), 's; cpu main', await cpu(engine.pid), 'child', await cpu(c), 'rss', await rss(engine.pid), await rss(c));
await new Promise((r) => setTimeout(r, 4000));
await until((i) => i.state === 'up-to-date');
for (let n = 0; n < 3; n++) {
  const before = [await cpu(engine.pid), await cpu(c)];
  const last = (await info()).lastPassAt;
  const s = performance.now();
  await engine.json(`/live-folders/${made.id}/scan`, { method: 'POST' });
  await until((i) => i.lastPassAt !== last && i.state === 'up-to-date');
  console.log('pass', ((performance.now() - s) / 1000).toFixed(2), 's wall; cpu main', ((await cpu(engine.pid)) - before[0]).toFixed(2), 'child', ((await cpu(c)) - before[1]).toFixed(2), 'rss', await rss(engine.pid), await rss(c));
}
const b = [await cpu(engine.pid), await cpu(c)];
await new Promise((r) => setTimeout(r, 20000));
console.log('idle 20 s: main', ((await cpu(engine.pid)) - b[0]).toFixed(2), 'child', ((await cpu(c)) - b[1]).toFixed(2));
} finally { if (process.env.NODE_OPTIONS_ENGINE) await engine.stop(); await engine.remove?.(); execFileSync('rm', ['-rf', top]); }
process.exit(0);
