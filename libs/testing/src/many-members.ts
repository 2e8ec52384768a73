import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  fromHex,
  readMembershipRecord,
  signerFromRaw,
  signMembershipRecord,
  type MembershipRecord,
  type Signer,
} from '@dfs/protocol';
import type { Engine } from './engine-process.js';

/**
 * Records by which a founder admits so many members, as if they had joined and gone, each behind the one before it.
 * @param known all records of the network
 */
export function admissionsBy(founder: Signer, known: readonly MembershipRecord[], count: number): MembershipRecord[] {
  const networkId = known[0]?.networkId;
  if (networkId === undefined) throw new Error('a network without a founding');
  const replaced = new Set(known.flatMap(({ parents }) => parents));
  let parents = known.map(({ id }) => id).filter((id) => !replaced.has(id));
  return Array.from({ length: count }, (_, n) => {
    const { peerId: member } = signerFromRaw(randomBytes(32));
    const content = { kind: 'admission', member, role: 'member', invite: null, name: `away ${n}` } as const;
    const record = signMembershipRecord({ networkId, time: Date.now(), parents, content }, founder);
    parents = [record.id];
    return record;
  });
}

/** Admits so many members in the database of the founder's node, which does not run meanwhile. */
export function admitMany({ dataDir }: Pick<Engine, 'dataDir'>, count: number): void {
  const founder = signerFromRaw(readFileSync(join(dataDir, 'identity.key')));
  using database = new DatabaseSync(join(dataDir, 'dfs.sqlite'));
  const rows = database.prepare('SELECT bytes FROM membership_record ORDER BY seq').all();
  const known = rows.map(({ bytes }) => readMembershipRecord(bytes as Uint8Array));
  const insert = database.prepare('INSERT INTO membership_record (id, bytes) VALUES (?, ?)');
  for (const { id, bytes } of admissionsBy(founder, known, count)) insert.run(fromHex(id), bytes);
}
