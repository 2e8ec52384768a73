import type { FileInfo, FileList, VersionList } from '@dfs/contracts';
import { eventually, removeAll, seededRandom, startEngine, type Engine } from '@dfs/testing';
import { bytesOf, listed } from './steps.js';

const FILES = 4_000;
const PER_FORM = 1_000;

describe('joining with files', () => {
  const nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  it('brings all of them along, once, however often the node is killed meanwhile', async () => {
    const random = seededRandom();
    const founder = await startEngine({ name: 'founder' });
    nodes.push(founder);
    const newcomer = await startEngine({ name: 'newcomer' });
    nodes.push(newcomer);
    await founder.put('f/0000.txt', 'content 0');
    await founder.put('f/0001.txt', 'another content');
    await putMany(newcomer);
    const { id } = (await founder.node()).network;
    const ticket = await founder.invite();
    for (let kills = 0; kills < 6; kills++) {
      const joining = newcomer.fetch('/network/join', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ticket }),
      });
      await Promise.all([
        joining.then((answer) => answer.arrayBuffer()).catch(() => undefined),
        new Promise((done) => setTimeout(done, random.int(20, 500))).then(() => newcomer.kill()),
      ]);
      await newcomer.start();
      const { network, files } = await newcomer.node();
      // As it was, or on its way.
      if (network.id !== id) expect(files.count).toBe(FILES);
    }
    const isMember = async (): Promise<boolean> => {
      if ((await newcomer.node()).network.id === id) return true;
      await newcomer.json('/network/join', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ticket }),
      });
      return false;
    };
    await eventually(isMember, { what: 'it has joined', poll: 200 });
    for (const node of [newcomer, founder]) {
      await eventually(async () => (await node.node()).files.count === FILES, {
        what: `${node.name} has all files (seed ${random.seed})`,
      });
    }
    for (const node of [newcomer, founder]) {
      const same = await listed(node, 'f/0000.txt');
      expect(await versionsOf(node, same)).toBe(1);
      const differs = await listed(node, 'f/0001.txt');
      expect(String(await bytesOf(node, differs))).toBe('another content');
      expect(await versionsOf(node, differs)).toBe(2);
      for (let round = 0; round < 20; round++) {
        const number = random.int(2, FILES - 1);
        const file = await listed(node, nameOf(number));
        expect(String(await bytesOf(node, file))).toBe(`content ${number}`);
        expect(await versionsOf(node, file)).toBe(1);
      }
    }
    const conflicts = await founder.json<FileList>('/files?state=conflict');
    expect(conflicts.items.map(({ path }) => path)).toEqual(['f/0001.txt']);
  });
});

function nameOf(number: number): string {
  return `f/${String(number).padStart(4, '0')}.txt`;
}

async function putMany(node: Engine): Promise<void> {
  for (let first = 0; first < FILES; first += PER_FORM) {
    const form = new FormData();
    for (let number = first; number < first + PER_FORM; number++) {
      form.append('path', nameOf(number));
      form.append('file', new Blob([`content ${number}`], { type: 'text/plain' }), 'file.txt');
    }
    const answer = await node.fetch('/files', { method: 'POST', body: form });
    if (answer.status !== 207) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}

async function versionsOf(node: Engine, { id }: FileInfo): Promise<number> {
  return (await node.json<VersionList>(`/files/${id}/versions`)).items.length;
}
