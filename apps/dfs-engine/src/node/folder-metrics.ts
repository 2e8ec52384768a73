import type { LiveFolderInfo } from '@dfs/contracts';
import { second } from '@dfs/runtime';
import { Counter, Gauge, type Registry } from 'prom-client';
import { isUnwell } from './folders-report.js';

type Read = (folder: LiveFolderInfo) => number;

/** Figures of each live folder, by its id and its name. */
export function folderMetrics(registry: Registry, ask: () => Promise<readonly LiveFolderInfo[]>): void {
  let asked: Promise<readonly LiveFolderInfo[]> | undefined;
  /** All figures of an answer are of one list. */
  const list = (): Promise<readonly LiveFolderInfo[]> => (asked ??= ask().finally(() => (asked = undefined)));
  const about = { labelNames: ['id', 'folder'] as const, registers: [registry] };
  const labels = ({ id, name }: LiveFolderInfo) => ({ id, folder: name });
  const gauge = (name: string, help: string, read: Read): void => {
    new Gauge({
      ...{ name: `dfs_folder_${name}`, help, ...about },
      async collect() {
        this.reset();
        for (const folder of await list()) this.set(labels(folder), read(folder));
      },
    });
  };
  const counter = (name: string, help: string, read: Read): void => {
    new Counter({
      ...{ name: `dfs_folder_${name}_total`, help, ...about },
      async collect() {
        this.reset();
        for (const folder of await list()) this.inc(labels(folder), read(folder));
      },
    });
  };
  new Gauge({
    ...{ name: 'dfs_folder_state', help: '1 for the state in which a live folder is', registers: [registry] },
    labelNames: ['id', 'folder', 'state', 'reason'],
    async collect() {
      this.reset();
      for (const folder of await list())
        this.set({ ...labels(folder), state: folder.state, reason: folder.reason ?? '' }, 1);
    },
  });
  gauge('unwell', 'Whether a live folder waits for a person', (folder) => Number(isUnwell(folder)));
  gauge('issues', 'Paths of a live folder that a person should know of', ({ issues }) => issues);
  gauge('held', 'Deletions in a live folder that wait for an answer', ({ held }) => held);
  gauge('files', 'Files on which disk and network have agreed', ({ files }) => files);
  gauge('bytes', 'Bytes of these files', ({ bytes }) => bytes);
  gauge('last_pass_timestamp_seconds', 'End of the last pass, 0 where there is none yet', ({ lastPassAt }) =>
    lastPassAt === null ? 0 : Date.parse(lastPassAt) / second,
  );
  counter('in_files', 'Files that came from the network to the disk', (folder) => folder.in.files);
  counter('in_bytes', 'Bytes of these', (folder) => folder.in.bytes);
  counter('out_files', 'Files that went from the disk to the network', (folder) => folder.out.files);
  counter('out_bytes', 'Bytes of these files', (folder) => folder.out.bytes);
}
