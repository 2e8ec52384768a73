import type { AnyEvent } from '@dfs/contracts';
import { hour } from '@dfs/runtime';
import { pieces, writtenElsewhere, type LocalNode } from './local-node.suite.js';

/** UTF-8. */
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Steps of the specs of versions with a node. */
export function versionSteps(current: () => LocalNode) {
  const put = async (path: string, value: string) =>
    (await current().files.upload({ path, body: pieces(text(value)), mediaType: 'text/plain' })).file;
  const read = async (fileId: string, version?: string): Promise<string> => {
    const content = await current().files.open(fileId, version);
    const parts: Uint8Array[] = [];
    const all = { offset: 0, length: content.size };
    for await (const part of content.read(all, new AbortController().signal)) parts.push(part);
    return Buffer.concat(parts).toString();
  };
  const versions = async (fileId: string) => (await current().files.versions(fileId, { limit: 1000 })).items;
  const heads = async (fileId: string) => (await versions(fileId)).filter(({ head }) => head);
  const lastEvents = async (count: number): Promise<string[]> =>
    (await current().events.since(0, 1000)).items.slice(-count).map(({ type }: AnyEvent) => type);

  /** Two members wrote the same path without knowing of each other; what the other wrote is shown, being later. */
  const conflicting = async (path: string) => {
    const here = await put(path, 'written here');
    const elsewhere = await writtenElsewhere(current(), path, { clock: { ms: Date.now() + hour, counter: 0 } });
    expect(await current().files.get(here.id)).toMatchObject({ conflict: true, version: elsewhere });
    return { fileId: here.id, here, elsewhere };
  };
  return { put, read, versions, heads, lastEvents, conflicting };
}
