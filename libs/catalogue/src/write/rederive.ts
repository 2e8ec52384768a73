import type { Tx } from '@dfs/database';
import { cidToBytes, parseRecord, type RecordAttributes, toHex } from '@dfs/protocol';
import { causally } from '../rules/causal-order.js';
import type { PathChange } from './judged.js';
import { inherit, type Inherited, type Version } from '../rules/heads.js';
import { attributesColumn, VERSION_COLUMNS, versionFrom, VERSIONS, type VersionRow } from '../store/rows.js';
import { RecordState } from '../rules/states.js';

/**
 * Works out anew what the versions of a path inherit, after one of them came later than its children. Reads the path's
 * whole history: that order is rare.
 */
export async function rederive(tx: Tx, path: PathChange): Promise<void> {
  const rows = await tx.query<VersionRow & { body: Uint8Array }>(
    `SELECT ${VERSION_COLUMNS}, r.body FROM ${VERSIONS} WHERE r.file = ? AND r.state = ${RecordState.applied}`,
    [path.seq],
  );
  const history = rows.map((row) => {
    const fields = parseRecord(row.body).fields;
    return {
      version: versionFrom(row),
      parents: fields?.parents ?? [],
      own: { content: fields?.content ?? null, attributes: fields?.attributes ?? {} },
    };
  });
  const done = new Map<string, Version>();
  const changed: { seq: number; now: Inherited }[] = [];
  const ordered = causally(
    history,
    ({ version }) => version.id,
    ({ parents }) => parents,
  );
  for (const { version, parents, own } of ordered) {
    const known = parents.map((id) => done.get(id)).filter((parent): parent is Version => parent !== undefined);
    const now = inherit({ ...version, ...own }, known);
    const { born, content, repeats } = version;
    if (now.born !== born || now.content !== content || now.repeats !== repeats)
      changed.push({ seq: version.seq, now });
    const whole = { ...version, ...now };
    done.set(version.id, whole);
    if (path.heads.has(version.id)) path.heads.set(version.id, whole);
  }
  await write(tx, changed);
}

async function write(tx: Tx, changed: readonly { seq: number; now: Inherited }[]): Promise<void> {
  if (changed.length === 0) return;
  const values = changed.map(({ seq, now }) => [
    seq,
    now.born,
    now.content === null ? null : toHex(cidToBytes(now.content)),
    now.size,
    now.mediaType,
    attributesHex(now.attributes),
    now.repeats ? 1 : 0,
  ]);
  await tx.later(
    `UPDATE catalogue_record SET born = v.born, content = unhex(v.content), size = v.size, media_type = v.media,
     attributes = unhex(v.attributes), repeats = v.repeats
     FROM (SELECT value ->> 0 AS seq, value ->> 1 AS born, value ->> 2 AS content, value ->> 3 AS size, value ->> 4 AS media,
             value ->> 5 AS attributes, value ->> 6 AS repeats FROM json_each(?)) v
     WHERE catalogue_record.seq = v.seq`,
    [JSON.stringify(values)],
  );
}

function attributesHex(attributes: RecordAttributes): string | null {
  const column = attributesColumn(attributes);
  return column === null ? null : toHex(column);
}
