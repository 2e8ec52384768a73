import { BLOBS, byIds, type Reader } from '@dfs/database';
import { fileIdOf, parseRecord, fromHex } from '@dfs/protocol';
import { RecordState } from '../rules/states.js';
import type { MemberView } from '../ports.js';
import { isNamed, requireConditions, type Conditions } from '../rules/conditions.js';
import { ranked, type Version } from '../rules/heads.js';
import { fileIdBytes, VERSION_COLUMNS, versionFrom, VERSIONS, type VersionRow } from '../store/rows.js';

/** Whether paths are as a change of them asks for. */
export class PathConditions {
  constructor(
    private readonly db: Reader,
    private readonly members: Pick<MemberView, 'networkId' | 'self'>,
  ) {}

  /**
   * A path that never was has no heads.
   * @param reader a unit of work, for an answer that holds until its end
   * @throws DfsError `precondition-failed`
   */
  async check(fileId: string, want: Conditions, reader: Reader = this.db): Promise<void> {
    if (hasConditions(want)) requireConditions(await readHeads(reader, fileId), want);
  }

  /**
   * The same before an upload of which no more than the size is known: it may repeat one of this node over just what is named,
   * whose answer was lost. The commit tells.
   * @param size bytes, where they are known
   */
  async checkUpload(path: string, want: Conditions, size: number | undefined): Promise<void> {
    if (!hasConditions(want)) return;
    const heads = await readHeads(this.db, fileIdOf(this.members.networkId, path));
    try {
      requireConditions(heads, want);
    } catch (error) {
      const [shown] = heads;
      const mayBe = shown?.author === this.members.self().peerId && (size ?? shown.size) === shown.size;
      if (want.strictly || !mayBe || !(await isOverJust(this.db, shown, want))) throw error;
    }
  }
}

/** Whether a file replaced just what a condition names: all of it, or nothing where there was to be nothing. */
export async function isOverJust(
  reader: Reader,
  { id, kind }: Pick<Version, 'id' | 'kind'>,
  { ifMatch, ifNoneMatch }: Conditions,
): Promise<boolean> {
  if (kind !== 'file') return false;
  const parents = await readParents(reader, id);
  if (parents === undefined) return false;
  if (ifNoneMatch === '*') return parents.every((parent) => parent.kind !== 'file');
  if (ifMatch === undefined || ifMatch === '*') return false;
  return parents.length > 0 && parents.every((parent) => isNamed(parent, ifMatch));
}

/** Whether there is anything to check: an empty list is a condition too, which no version meets. */
export function hasConditions({ ifMatch, ifNoneMatch }: Conditions): boolean {
  return ifMatch !== undefined || ifNoneMatch !== undefined;
}

/** The shown one first. */
async function readHeads(reader: Reader, fileId: string): Promise<Version[]> {
  const file = fileIdBytes(fileId);
  if (file === undefined) return [];
  const rows = await reader.query<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM ${VERSIONS}
     WHERE r.file = (SELECT seq FROM catalogue_file WHERE file_id = ?) AND r.head = 1 AND r.state = ${RecordState.applied}`,
    [file],
  );
  return ranked(rows.map(versionFrom));
}

/** The records that a record replaces; undefined where some of them are not known here. */
async function readParents(reader: Reader, id: string): Promise<Version[] | undefined> {
  const [row] = await reader.query<{ body: Uint8Array }>('SELECT body FROM catalogue_record WHERE id = ?', [
    fromHex(id),
  ]);
  const ids = (row && parseRecord(row.body).fields?.parents) ?? [];
  const rows = await byIds<VersionRow>(
    reader,
    `SELECT ${VERSION_COLUMNS} FROM ${VERSIONS} WHERE r.id IN ${BLOBS}`,
    ids,
  );
  return rows.length === ids.length ? rows.map(versionFrom) : undefined;
}
