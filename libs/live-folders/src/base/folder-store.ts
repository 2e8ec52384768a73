import type { LiveFolderMode, LiveFolderReason } from '@dfs/contracts';
import type { Database, Reader, Tx } from '@dfs/database';
import type { DiskTraits, Marker, RootIdentity } from '../disk/root-disk.js';

/** By which a root is known again, beside its marker. */
export type KnownRoot = Pick<RootIdentity, 'inode' | 'fsType' | 'fsId'>;

/** A live folder as it is stored. */
export interface StoredFolder {
  readonly id: string;
  name: string;
  readonly root: string;
  prefix: string;
  network: string;
  mode: LiveFolderMode;
  ignore: readonly string[];
  probe: DiskTraits;
  /** Undefined where the root is to be taken as it is found. */
  identity: KnownRoot | undefined;
  /** Of the marker; null for a read-only root. */
  nonce: string | null;
  epoch: number;
  /** The marker may still have the epoch before. */
  raising: boolean;
  paused: boolean;
  /** Milliseconds since 1970; null where a person ends the pause, and where there is none. */
  pausedUntil: number | null;
  /** Why it pauses until a person answers. */
  stopped: LiveFolderReason | null;
  meeting: boolean;
  lately: Lately;
  /** Milliseconds since 1970. */
  readonly bound: number;
}

/** Deletions that were signed within ten minutes, and the paths that there were at their begin. */
export interface Lately {
  deleted: number;
  paths: number;
}

interface FolderRow {
  id: string;
  name: string;
  root: string;
  prefix: string;
  network: string;
  mode: LiveFolderMode;
  ignore: string;
  probe: string;
  identity: string | null;
  nonce: string | null;
  epoch: number;
  raising: number;
  paused: number;
  stopped: LiveFolderReason | null;
  meeting: number;
  lately: string;
  bound: number;
  paused_until: number | null;
}

const COLUMNS = [
  ...['id', 'name', 'root', 'prefix', 'network', 'mode', 'ignore', 'probe', 'identity', 'nonce', 'epoch', 'raising'],
  ...['paused', 'stopped', 'meeting', 'lately', 'bound', 'paused_until'],
];

/** The live folders of this node. */
export class FolderStore {
  constructor(private readonly db: Pick<Database, 'query'>) {}

  /** In the order in which they were bound. */
  async all(reader: Reader = this.db): Promise<StoredFolder[]> {
    return (await reader.query<FolderRow>('SELECT * FROM live_folder ORDER BY bound, id')).map(folderFrom);
  }

  async add(tx: Tx, folder: StoredFolder): Promise<void> {
    await tx.insertMany('live_folder', COLUMNS, [valuesOf(folder)]);
  }

  /** Writes what of it may change. */
  async save(tx: Tx, folder: StoredFolder): Promise<void> {
    const { name, prefix, network, mode, ignore, epoch, nonce } = folder;
    await tx.run(
      `UPDATE live_folder SET name = ?, prefix = ?, network = ?, mode = ?, ignore = ?, probe = ?, identity = ?, nonce = ?, epoch = ?, raising = ?,
       paused = ?, stopped = ?, meeting = ?, lately = ?, paused_until = ? WHERE id = ?`,
      [
        ...[
          name,
          prefix,
          network,
          mode,
          JSON.stringify(ignore),
          toJson(folder.probe),
          identityText(folder),
          nonce,
          epoch,
          Number(folder.raising),
        ],
        ...[Number(folder.paused), folder.stopped, Number(folder.meeting), JSON.stringify(folder.lately)],
        ...[folder.pausedUntil, folder.id],
      ],
    );
  }

  /** With all that is known of it; the disk and the network stay as they are, and its marker stands in its root. */
  async remove(tx: Tx, { id, nonce }: Pick<StoredFolder, 'id' | 'nonce'>): Promise<void> {
    if (nonce !== null) await tx.insertMany('live_folder_removed', ['id', 'nonce'], [[id, nonce]], 'replace');
    for (const table of ['issue', 'held', 'deleted', 'base'])
      await tx.run(`DELETE FROM live_folder_${table} WHERE folder = ?`, [id]);
    await tx.run('DELETE FROM live_folder WHERE id = ?', [id]);
  }
}

/** Whether a marker is that of a folder which was bound here once, and is no more. */
export async function wasBoundHere(reader: Reader, { folderId, nonce }: Marker): Promise<boolean> {
  const rows = await reader.query('SELECT 1 FROM live_folder_removed WHERE id = ? AND nonce = ?', [folderId, nonce]);
  return rows.length > 0;
}

function valuesOf(folder: StoredFolder): (string | number | null)[] {
  const { id, name, root, prefix, network, mode, nonce, epoch, stopped, bound } = folder;
  return [
    ...[id, name, root, prefix, network, mode, JSON.stringify(folder.ignore), toJson(folder.probe)],
    ...[
      identityText(folder),
      nonce,
      epoch,
      Number(folder.raising),
      Number(folder.paused),
      stopped,
      Number(folder.meeting),
    ],
    ...[JSON.stringify(folder.lately), bound, folder.pausedUntil],
  ];
}

function folderFrom(row: FolderRow): StoredFolder {
  const { ignore, probe, identity, raising, paused, meeting, lately, paused_until: pausedUntil, ...rest } = row;
  return {
    ...rest,
    ignore: JSON.parse(ignore) as string[],
    probe: fromJson(probe) as DiskTraits,
    identity: identity === null ? undefined : (fromJson(identity) as KnownRoot),
    raising: raising === 1,
    paused: paused === 1,
    pausedUntil,
    meeting: meeting === 1,
    lately: JSON.parse(lately) as Lately,
  };
}

function identityText({ identity }: StoredFolder): string | null {
  return identity === undefined ? null : toJson(identity);
}

/** Numbers of 64 bits as `{ "n": "…" }`. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? { n: one.toString() } : one));
}

function fromJson(text: string): unknown {
  return JSON.parse(text, (_, one: unknown) => {
    const n = typeof one === 'object' && one !== null && 'n' in one ? one.n : undefined;
    return typeof n === 'string' ? BigInt(n) : one;
  });
}
