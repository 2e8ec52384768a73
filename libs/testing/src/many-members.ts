import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fromHex, readMembershipRecord, signerFromRaw, signMembershipRecord } from '@dfs/protocol';
import type { Engine } from './engine-process.js';

/**
 * Members that have joined once and are away: admitted by the founder's own key, in the database of the founder's node, which does not
 * run meanwhile.
 */
export function admitMany({ dataDir }: Pick<Engine, 'dataDir'>, count: number): void {
  const founder = signerFromRaw(readFileSync(join(dataDir, 'identity.key')));
  using database = new DatabaseSync(join(dataDir, 'dfs.sqlite'));
  const rows = database.prepare('SELECT bytes FROM membership_record ORDER BY seq').all();
  const known = rows.map(({ bytes }) => readMembershipRecord(bytes as Uint8Array));
  const [first] = known;
  if (!first) throw new Error('a node without a network');
  const replaced = new Set(known.flatMap(({ parents }) => parents));
  let parents = known.map(({ id }) => id).filter((id) => !replaced.has(id));
  const insert = database.prepare('INSERT INTO membership_record (id, bytes) VALUES (?, ?)');
  for (let n = 1; n <= count; n++) {
    const { peerId: member } = signerFromRaw(randomBytes(32));
    const content = { kind: 'admission', member, role: 'member', invite: null, name: `away ${n}` } as const;
    const record = signMembershipRecord({ networkId: first.networkId, time: Date.now(), parents, content }, founder);
    insert.run(fromHex(record.id), record.bytes);
    parents = [record.id];
  }
}
