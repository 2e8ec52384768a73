import type { ErrorCode } from '@dfs/contracts';
import { fileIdOf } from '@dfs/protocol';
import { isDfsError } from '@dfs/runtime';
import { content, fileDraft, NETWORK, recordsOf, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { type Conditions, versionTag } from '../rules/conditions.js';

const other = testSigner(1);

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    const [commit] = ((await work) ?? []) as { outcome: string }[];
    return commit?.outcome ?? 'nothing';
  } catch (error) {
    if (isDfsError(error)) return error.code;
    throw error;
  }
}

describe('conditions by version', () => {
  const write = async (node: TestNode, seed: number, more: Conditions = {}) => {
    const [commit] = await node.write(fileDraft('a', seed, more));
    return versionTag(commit!.entry.recordId);
  };

  it('see that a content was another in between', async () => {
    await using node = await testNode();
    const first = await write(node, 1);
    await write(node, 2);
    const third = await write(node, 1);
    expect(await outcome(node.write(fileDraft('a', 3, { ifMatch: [content(1)] })))).toBe('updated');
    await write(node, 1);
    expect(await outcome(node.write(fileDraft('a', 4, { ifMatch: [first] })))).toBe('precondition-failed');
    expect(await outcome(node.write(fileDraft('a', 4, { ifMatch: [third] })))).toBe('precondition-failed');
    const { recordId } = (await node.catalogue.byPath('a'))!;
    expect(await outcome(node.write({ kind: 'deletion', path: 'a', ifMatch: [third] }))).toBe('precondition-failed');
    expect(await outcome(node.write({ kind: 'deletion', path: 'a', ifMatch: [versionTag(recordId)] }))).toBe('deleted');
    const deletion = versionTag((await node.catalogue.byPath('a'))!.recordId);
    expect(await outcome(node.write(fileDraft('a', 5, { ifMatch: [versionTag(recordId)] })))).toBe(
      'precondition-failed',
    );
    expect(await outcome(node.write(fileDraft('a', 5, { ifMatch: [deletion] })))).toBe('created');
  });

  it('hold for a head that is not shown, which alone is replaced', async () => {
    await using node = await testNode({ members: [other] });
    await using elsewhere = await testNode({ signer: other, members: [node.signer] });
    const here = await write(node, 1);
    await write(elsewhere, 2);
    await elsewhere.write(fileDraft('a', 3));
    const { recordId } = (await elsewhere.catalogue.byPath('a'))!;
    await node.catalogue.receive(await recordsOf(elsewhere), other.peerId);
    const shown = (await node.catalogue.byPath('a'))!;
    expect(shown.conflict).toBe(true);
    const fileId = fileIdOf(NETWORK, 'a');
    for (const tag of [here, versionTag(recordId)]) {
      expect(await outcome(node.catalogue.conditions.check(fileId, { ifMatch: [tag] }))).toBe('nothing');
    }
    expect(await outcome(node.write(fileDraft('a', 4, { ifMatch: [here] })))).toBe('updated');
    expect(await outcome(node.catalogue.conditions.check(fileId, { ifMatch: [here] }))).toBe('precondition-failed');
    expect(await outcome(node.catalogue.conditions.check(fileId, { ifMatch: [versionTag(recordId)] }))).toBe('nothing');
  });
});

/** A write whose answer was lost is sent again, with what was seen before it. */
describe('a write that is repeated', () => {
  const check = (node: TestNode, want: Conditions, size?: number): Promise<string> =>
    outcome(node.catalogue.conditions.checkUpload('a', want, size));

  it.each([
    ['the content', async () => [content(1)]],
    ['the version', async (node: TestNode) => [versionTag((await node.catalogue.byPath('a'))!.recordId)]],
  ])('changes nothing where it replaced just %s that it names', async (_what, named) => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    const ifMatch = (await named(node)) as Conditions['ifMatch'] & object;
    const attributes = { executable: true };
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch, attributes })))).toBe('updated');
    const { count } = node.catalogue.records.root();
    expect(await check(node, { ifMatch }, 1002)).toBe('nothing');
    expect(await check(node, { ifMatch })).toBe('nothing');
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch, attributes })))).toBe('unchanged');
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch })))).toBe('unchanged');
    expect(node.catalogue.records.root().count).toBe(count);
    // Another content, or the same with something else said of it, is no repetition.
    expect(await outcome(node.write(fileDraft('a', 3, { ifMatch })))).toBe('precondition-failed');
    const plain = { executable: false };
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch, attributes: plain })))).toBe('precondition-failed');
    expect(await check(node, { ifMatch }, 7)).toBe('precondition-failed');
    // Nor is one over something else.
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch: [content(9)] })))).toBe('precondition-failed');
    // Once somebody has changed the file since, it stays as they made it.
    await node.write(fileDraft('a', 4));
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch })))).toBe('precondition-failed');
    expect(await check(node, { ifMatch }, 1002)).toBe('precondition-failed');
    expect(await node.catalogue.byPath('a')).toMatchObject({ contentId: content(4) });
  });

  it('changes nothing where it made the file that was not to be there', async () => {
    await using node = await testNode();
    const ifNoneMatch = '*' as const;
    const make = (seed: number): Promise<string> => outcome(node.write(fileDraft('a', seed, { ifNoneMatch })));
    expect([await make(1), await make(1), await make(2)]).toEqual(['created', 'unchanged', 'precondition-failed']);
    expect(await check(node, { ifNoneMatch }, 1001)).toBe('nothing');
    await node.write({ kind: 'deletion', path: 'a' });
    expect([await make(1), await make(1)]).toEqual(['created', 'unchanged']);
    // One that has replaced a file has not made it.
    await node.write(fileDraft('a', 3));
    expect(await make(3)).toBe('precondition-failed');
    expect(await check(node, { ifNoneMatch }, 1003)).toBe('precondition-failed');
  });

  it('is one only of this node’s own', async () => {
    await using elsewhere = await testNode({ signer: other });
    await elsewhere.write(fileDraft('a', 1));
    await elsewhere.write(fileDraft('a', 2, { ifMatch: [content(1)] }));
    await using node = await testNode({ members: [other] });
    await node.catalogue.receive(await recordsOf(elsewhere), other.peerId);
    const code: ErrorCode = 'precondition-failed';
    expect(await outcome(node.write(fileDraft('a', 2, { ifMatch: [content(1)] })))).toBe(code);
    expect(await check(node, { ifMatch: [content(1)] }, 1002)).toBe(code);
  });
});
