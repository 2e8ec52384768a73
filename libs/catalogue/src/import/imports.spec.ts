import type { Tx } from '@dfs/database';
import { eventually } from '@dfs/testing';
import { DfsError, silentLog } from '@dfs/runtime';
import { content, fileDraft, NETWORK, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { Imports, type ImportsOptions } from './imports.js';

const OTHER = 'ff'.repeat(32);
const QUICK = { patienceMs: 20, retryMs: 20 };

/** The node goes over to another network, as a join does. */
async function changeNetwork(node: TestNode, imports: Imports): Promise<void> {
  await node.db.write(async (tx) => {
    await imports.keep(tx);
    await node.catalogue.forget(tx);
  });
  node.members.networkId = OTHER;
}

function importsOf(node: TestNode, options: ImportsOptions = QUICK, commit?: (tx: Tx) => Promise<unknown>): Imports {
  const { db, events, catalogue } = node;
  return new Imports({ db, events, log: silentLog, commit: commit ?? ((tx, d) => catalogue.commit(tx, d)) }, options);
}

const paths = async ({ catalogue }: TestNode): Promise<string[]> =>
  (await catalogue.list({ limit: 1000 })).items.map(({ path }) => path);

describe('files brought along', () => {
  it('keep their times and every side of a conflict, and leave deletions behind', async () => {
    const other = testSigner(7);
    await using node = await testNode({ members: [other] });
    const attributes = { mtime: 5, executable: true, 'x-later': 'of a later release' };
    await node.write(fileDraft('old', 1, { attributes }), fileDraft('gone', 2));
    node.clock.advance(60_000);
    await node.write({ kind: 'deletion', path: 'gone' }, { kind: 'folder', path: 'empty' }, fileDraft('new', 3));
    await node.write(fileDraft('two', 4));
    const imports = importsOf(node);
    await node.db.write(async (tx) => {
      await imports.keep(tx);
      await node.catalogue.forget(tx);
    });
    node.members.networkId = OTHER;
    // Another of the same path, as a conflict has it.
    await node.db.write((tx) =>
      tx.run(`INSERT INTO catalogue_import (kind, path, content, size, media_type, ms)
              SELECT kind, path, (SELECT content FROM catalogue_import WHERE path = 'new'), size, media_type, ms + 5
              FROM catalogue_import WHERE path = 'two'`),
    );
    node.clock.advance(3_600_000);
    await imports.start();
    await eventually(async () => (await node.catalogue.totals()).count === 3);
    await imports.stop();
    expect(await paths(node)).toEqual(['new', 'old', 'two']);
    expect(await node.catalogue.byPath('old')).toMatchObject({ modifiedAt: START, createdAt: START, attributes });
    expect(await node.catalogue.byPath('new')).toMatchObject({ modifiedAt: START + 60_000, conflict: false });
    expect(await node.catalogue.byPath('two')).toMatchObject({ contentId: content(3), conflict: true });
    expect(await node.catalogue.byPath('gone')).toBeUndefined();
    const rows = await node.db.query(
      'SELECT path, imported FROM catalogue_record r JOIN catalogue_file f ON f.seq = r.file',
    );
    expect(rows).toHaveLength(5);
    expect(rows.every((row) => (row as { imported: number }).imported === 1)).toBe(true);
  });

  it('wait for the first comparison with a member, but not for ever', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    const patient = importsOf(node, { ...QUICK, patienceMs: 60_000 });
    await changeNetwork(node, patient);
    await patient.start();
    expect(await patient.count()).toBe(1);
    expect(await paths(node)).toEqual([]);
    patient.compared();
    await patient.settled();
    expect(await paths(node)).toEqual(['a']);
    await patient.stop();

    await node.write(fileDraft('b', 2));
    const hasty = importsOf(node);
    await changeNetwork(node, hasty);
    await hasty.start();
    await hasty.settled();
    expect(await paths(node)).toEqual(['a', 'b']);
    await hasty.stop();
  });

  it('stay on the list when a unit of work fails, are tried again, and a warning tells of it until then', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    let fails = true;
    const imports = importsOf(node, QUICK, async (tx) => {
      await node.catalogue.commit(tx, [fileDraft('a', 1, { imported: START })]);
      if (fails) throw new DfsError('clock-skew', 'Set the clock.');
    });
    await changeNetwork(node, imports);
    await imports.start();
    const warnings = async (): Promise<unknown[]> =>
      (await node.events.since(0, 100)).items.filter(({ type }) => type === 'node.warning').map(({ data }) => data);
    await eventually(async () => (await warnings()).length === 1);
    expect(await imports.count()).toBe(1);
    expect(await paths(node)).toEqual([]);
    fails = false;
    await eventually(async () => (await warnings()).length === 2);
    expect(await warnings()).toMatchObject([
      { code: 'clock-skew', active: true },
      { code: 'clock-skew', active: false },
    ]);
    expect(await paths(node)).toEqual(['a']);
    expect(await imports.count()).toBe(0);
    await imports.stop();
  });

  it('are what they were when the change of network fails', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    const imports = importsOf(node);
    const failing = node.db.write(async (tx) => {
      await imports.keep(tx);
      await node.catalogue.forget(tx);
      throw new Error('killed');
    });
    await expect(failing).rejects.toThrow('killed');
    expect(await imports.count()).toBe(0);
    expect(node.members.networkId).toBe(NETWORK);
    expect(await paths(node)).toEqual(['a']);
  });
});
