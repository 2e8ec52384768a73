import { cidFromDigest, RAW_CODEC, sha256 } from '@dfs/protocol';
import { silentLog } from '@dfs/runtime';
import { HolderFinder, type HolderFinderComponents } from './holder-finder.js';

const CONTENT = cidFromDigest(sha256(Buffer.from('content')), RAW_CODEC);

it('the author of a content is asked for it, also once this node has written the same', () => {
  const components = {
    network: { others: () => ['author', 'other'] },
    membership: { self: () => ({ peerId: 'self' }) },
    log: silentLog,
  } as unknown as HolderFinderComponents;
  const finder = new HolderFinder(components);
  expect(finder.among(CONTENT, new Map()).any).toEqual([]);
  finder.hint(CONTENT, 'author');
  finder.hint(CONTENT, 'self');
  expect(finder.among(CONTENT, new Map()).any).toEqual(['author']);
});
