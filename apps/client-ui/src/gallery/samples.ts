import type { FileInfo, Replication, ReplicationState, WorstState } from '@dfs/contracts';
import { rowsOf, type Row } from '../app/files/list/rows.js';

/** States of a file, the best first. */
export const REPLICATIONS: readonly Replication[] = [
  of('safe', 3, 3),
  of('safe', 3, 2),
  of('safe', 3, 1),
  of('replicating', 2, 2),
  of('pending', 1, 1),
  { ...of('limited', 1, 1), reason: 'few-members' },
  { ...of('limited', 2, 2), reason: 'no-space' },
  { ...of('at-risk', 2, 2), reason: 'holder-gone' },
  { ...of('unavailable', 2, 0), reason: 'no-holder' },
  { ...of('safe', 8, 6), target: 8 },
];

/** States of folders. */
export const WORSTS: readonly (WorstState | null)[] = [
  { state: 'safe', reach: 'enough' },
  { state: 'replicating', reach: 'fewer' },
  { state: 'safe', reach: 'fewer' },
  { state: 'at-risk', reach: 'fewer' },
  { state: 'unavailable', reach: 'none' },
  null,
];

const NAMES = [
  ['invoice 2026-11.pdf', 'application/pdf'],
  ['Café del Mar.flac', 'audio/flac'],
  ['holiday.jpg', 'image/jpeg'],
  ['talk.mp4', 'video/mp4'],
  ['budget.ods', 'application/vnd.oasis.opendocument.spreadsheet'],
  ['main.ts', 'text/typescript'],
  ['backup.tar.gz', 'application/gzip'],
  ['a very long name that goes on and on, as names of papers from conferences do, and then some.txt', 'text/plain'],
  ['תמונה.txt', 'text/plain'],
] as const;

/** Rows of a list: folders, and a file in each state. */
export const ROWS: readonly Row[] = rowsOf({
  folders: WORSTS.slice(0, 3).map((worst, n) => ({
    name: `folder ${n + 1}`,
    path: `folder ${n + 1}/`,
    files: 12 ** n,
    bytes: 5e6,
    newest: '2026-11-22T12:00:00.000Z',
    worst,
  })),
  items: NAMES.map(([path, mediaType], n) => sample(path, mediaType, n)),
});

function of(state: ReplicationState, copies: number, reachable: number): Replication {
  return { target: 3, copies, reachable, state };
}

/** A file as the API tells of it. @param n of `REPLICATIONS` */
export function sample(path: string, mediaType: string, n: number): FileInfo {
  return {
    id: `id-${n}`,
    path,
    size: 1234 * 7 ** n,
    mediaType,
    contentId: `content-${n}`,
    createdAt: '2026-11-22T12:00:00.000Z',
    modifiedAt: '2026-11-22T12:00:00.000Z',
    author: n % 2 === 0 ? 'this node' : 'berta',
    version: `version-${n}`,
    deleted: false,
    conflict: n === 5,
    replication: REPLICATIONS[n] ?? of('safe', 3, 3),
    local: 'part',
  };
}
