import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { seededRandom } from '@dfs/testing';

type Random = ReturnType<typeof seededRandom>;
/** Errors of a file that the engine has moved away, or that somebody else was faster with. */
const OVERTAKEN = new Set(['ENOENT', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EINVAL']);

/** Files below the root of a live folder and what is in them; neither the marker, nor the trash, nor what is in the making. */
export async function treeOf(root: string): Promise<Map<string, string>> {
  return filesBelow(root, (name) => !name.startsWith('.dfs-'));
}

/** The texts in its trash. */
export async function trashOf(root: string): Promise<string[]> {
  return [...(await filesBelow(join(root, '.dfs-trash'), () => true)).values()];
}

export function sameTree(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, text]) => b.get(path) === text);
}

/** A person who changes a folder at random; every text that is written is one of its kind. */
export class RandomEditor {
  private written = 0;

  constructor(
    private readonly name: string,
    private readonly root: string,
    private readonly random: Random,
  ) {}

  /** One act; where the engine was faster nothing is done. */
  async act(): Promise<void> {
    const acts = [
      () => this.write(this.fresh()),
      () => this.write(this.fresh()),
      async () => this.write(await this.some()),
      async () => appendFile(this.at(await this.some()), `\n${this.text()}`),
      async () => this.move(await this.some(), this.fresh()),
      async () => this.move(`d${this.random.int(0, 3)}`, `d${this.random.int(0, 3)}/moved-${this.random.int(0, 2)}`),
      async () => rm(this.at(await this.some())),
      async () => this.save(await this.some()),
    ];
    try {
      await acts[this.random.int(0, acts.length - 1)]?.();
    } catch (error) {
      if (!OVERTAKEN.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  private text(): string {
    return `${this.name} ${++this.written}`;
  }

  private at(path: string): string {
    return join(this.root, path);
  }

  private fresh(): string {
    return `d${this.random.int(0, 3)}/f${this.random.int(0, 19)}`;
  }

  private async some(): Promise<string> {
    const paths = [...(await treeOf(this.root)).keys()];
    return paths[this.random.int(0, Math.max(0, paths.length - 1))] ?? this.fresh();
  }

  private async write(path: string): Promise<void> {
    await mkdir(dirname(this.at(path)), { recursive: true });
    await writeFile(this.at(path), this.text());
  }

  private async move(from: string, to: string): Promise<void> {
    await mkdir(dirname(this.at(to)), { recursive: true });
    await rename(this.at(from), this.at(to));
  }

  /** As editors do: a new file beside it, in its place by a rename. */
  private async save(path: string): Promise<void> {
    const beside = `${this.at(path)}.saving`;
    await writeFile(beside, this.text());
    await rename(beside, this.at(path));
  }
}

async function filesBelow(root: string, takes: (name: string) => boolean): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
      if (!takes(entry.name)) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      try {
        if (entry.isDirectory()) await walk(path);
        else tree.set(path, await readFile(join(root, path), 'utf8'));
      } catch (error) {
        if (!OVERTAKEN.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    }
  };
  await walk('').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return tree;
}
