import { computed, signal } from '@angular/core';
import { ApiProblem } from '@dfs/client-data';
import type { LiveFolderInfo, TransferInfo } from '@dfs/contracts';
import type { UploadQueue } from '../app/files/upload/upload-queue.js';
import { UploadItem, type UploadState } from '../app/files/upload/upload-item.js';
import type { Failure } from '../app/work/failures.js';
import { sample } from './samples.js';

const MB = 1e6;
let lastId = 0;

function upload(path: string, size: number, then: (item: UploadItem) => void): UploadItem {
  const file = new File([], path, { lastModified: 0 });
  Object.defineProperty(file, 'size', { value: size });
  const item = new UploadItem(++lastId, { path, file });
  then(item);
  return item;
}

/** Uploads, one in each state. */
const UPLOADS: readonly UploadItem[] = [
  upload('thesis.pdf', 12 * MB, (item) =>
    item.end('failed', new ApiProblem({ code: 'quota-exceeded', detail: 'All 10 GB are used.' })),
  ),
  new UploadItem(++lastId, { path: 'wedding.mp4', size: 900 * MB, modified: 0, upload: 'u', stored: 540 * MB }),
  upload('holiday.mp4', 300 * MB, (item) => {
    item.upload = 'v';
    item.begin();
    item.store(100 * MB);
    item.progress(140 * MB);
  }),
  upload('song.flac', 30 * MB, (item) => {
    item.begin();
    item.progress(30 * MB);
  }),
  upload('later.iso', 700 * MB, (item) => item.end('paused')),
  upload('waiting.txt', 1234, (item) => item.wait()),
  upload('again.txt', 1234, (item) => item.end('skipped')),
  upload('not.txt', 1234, (item) => item.end('cancelled')),
  upload('safe.jpg', 2 * MB, (item) => item.done(sample('safe.jpg', 'image/jpeg', 0))),
  upload('copied.jpg', 2 * MB, (item) => item.done(sample('copied.jpg', 'image/jpeg', 3))),
];

const counts = computed(() => {
  const all: Record<UploadState, number> = {
    ...{ waiting: 0, sending: 0, storing: 0, paused: 0, unchosen: 0 },
    ...{ done: 0, failed: 0, cancelled: 0, skipped: 0 },
  };
  for (const item of UPLOADS) all[item.state()] += 1;
  return all;
});

/** The queue as the drawer reads it. */
export const QUEUE: Pick<UploadQueue, 'items' | 'gathering' | 'away' | 'counts' | 'active' | 'bytes'> = {
  items: signal(UPLOADS).asReadonly(),
  gathering: computed(() => false),
  away: signal(null).asReadonly(),
  counts,
  active: computed(() => 3),
  bytes: computed(() => ({ total: 1300 * MB, sent: 780 * MB, stored: 640 * MB })),
};

const JOB: TransferInfo = {
  id: 'job',
  kind: 'replication',
  state: 'running',
  path: 'photos/2026/a long walk.jpg',
  contentId: 'c',
  bytes: 40 * MB,
  verifiedBytes: 13 * MB,
  rate: 4 * MB,
  sources: [],
  startedAt: '2026-11-22T12:00:00.000Z',
  finishedAt: null,
};

/** Work of the node, under way and ended badly. */
export const JOBS = {
  running: signal([JOB]),
  ended: signal([
    {
      ...JOB,
      ...{ id: 'bad', state: 'failed', finishedAt: '2026-11-22T12:01:00.000Z' },
      error: { code: 'peer-unreachable', detail: 'garage-pi went away.' },
    },
  ]),
};

/** A live folder that waits for an answer. */
export const FOLDERS = { folders: signal([{ id: 'f', name: 'Photos', held: 12 } as LiveFolderInfo]) };

/** Acts that failed, with a way to try again and without. */
export const FAILURES: readonly Failure[] = [
  {
    text: '3 items could not be moved.',
    problem: new ApiProblem({ code: 'path-exists', detail: 'There is a file of this name in the folder.' }),
    meaning: 'The items named here stay where they are, under their names.',
    again: () => undefined,
  },
  {
    text: 'The download could not begin.',
    problem: new ApiProblem({ code: 'content-unavailable', detail: 'No node that holds it can be reached right now.' }),
    meaning: 'The files in the network stay as they are.',
  },
];
