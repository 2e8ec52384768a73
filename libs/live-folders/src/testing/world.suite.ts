import type { LiveFolderInfo } from '@dfs/contracts';
import { MEMORY_ROOT } from './memory-root.js';
import { TestMembers, type TestMember } from './members.js';
import type { Fault } from './scripted-file-system.js';

/** Two members with a folder each on one prefix, and some files that both have. */
export async function two(files: Record<string, string> = { a: 'one', b: 'two', 'd/c': 'three' }): Promise<{
  members: TestMembers;
  a: TestMember;
  b: TestMember;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const members = new TestMembers();
  const [a, b] = [await members.add(), await members.add()];
  for (const [path, text] of Object.entries(files)) a.write(path, text);
  await a.bind();
  await b.bind();
  await members.settle();
  expect(b.files()).toEqual(files);
  return { members, a, b, [Symbol.asyncDispose]: () => members[Symbol.asyncDispose]() };
}

/** The same, and four more files that b has written and a has heard of. */
export async function twoWithMore(): ReturnType<typeof two> {
  const world = await two();
  const { b, members } = world;
  for (const [path, text] of Object.entries(many(4))) b.write(path, text);
  await b.settle();
  await members.meet();
  return world;
}

/** One pass on a disk that obeys these rules, and is a good one again afterwards. */
export async function passUnder({ root, folder }: TestMember, ...rules: Fault[]): Promise<void> {
  root.files.script(...rules);
  await folder?.pass();
  root.files.script();
  root.files.remount(MEMORY_ROOT);
}

/** So many files in a directory. */
export const many = (count: number, directory = ''): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${directory}f${String(n).padStart(5, '0')}`, `text ${n}`]),
  );

/** Records that a member has. */
export const records = async ({ db }: TestMember): Promise<number> => {
  const [row] = await db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_record');
  return row?.n ?? 0;
};

/** Deletions among them. */
export const deletions = async ({ db }: TestMember): Promise<number> => {
  const [row] = await db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_record WHERE kind = 2');
  return row?.n ?? 0;
};

/** Kinds and paths of the issues of its folder. */
export const issuesOf = async (member: TestMember, info?: LiveFolderInfo): Promise<[string, string][]> => {
  const { id } = info ?? (await member.info());
  return (await member.live.issues(id)).map(({ kind, path }) => [kind, path]);
};
