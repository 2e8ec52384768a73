import { DOCUMENT, Service, inject } from '@angular/core';
import { ApiProblem, FilesApi, toApiProblem } from '@dfs/client-data';
import type { ArchiveRequest } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import { visibleName } from '../../kit/words/names.js';
import { Failures } from '../../work/failures.js';
import type { FileRow, Row } from '../list/rows.js';
import { BegunDownloads } from './begun-downloads.js';

/** Browsers take downloads of one page only so fast. Milliseconds. */
const APART_MS = 350;
const NOT_WHOLE = $localize`The file on this computer is not whole: the browser shows it as failed. The files in the network stay as they are.`;
const NOTHING_CHANGED = $localize`Nothing was saved on this computer. The files in the network stay as they are.`;

/**
 * Downloading by the browser's own means: it shows progress, and writes to disk as the bytes come. One file is itself;
 * several come as one zip, and each folder as one of its own. One that the node could not give whole is told as a failure.
 */
@Service()
export class Download {
  readonly #api = inject(FilesApi);
  readonly #document = inject(DOCUMENT);
  readonly #failures = inject(Failures);
  readonly #begun = inject(BegunDownloads);

  start(rows: readonly Row[]): void {
    const files = rows.filter((row) => row.kind === 'file');
    const lost = files.filter((row) => row.file.replication.state === 'unavailable');
    if (lost.length > 0) {
      this.#failures.tell({
        text: $localize`The download could not begin.`,
        problem: new ApiProblem({
          code: 'content-unavailable',
          detail: $localize`No node that holds it can be reached right now. Start one of its holders, then try again.`,
        }),
        meaning: NOTHING_CHANGED,
        about: lost.map(({ path }) => visibleName(path)),
        again: () => this.#begin(rows),
      });
    } else this.#begin(rows);
  }

  /** One file, or one of its versions. */
  file(id: string, version?: string): void {
    this.#save(this.#api.contentUrl(id, version));
  }

  /** Everything beneath a folder, or everything there is. */
  everything(prefix: string): void {
    void this.#archives([{ prefix }]);
  }

  #begin(rows: readonly Row[]): void {
    const [only, ...others] = rows;
    if (only?.kind === 'file' && others.length === 0) return this.#whole(only);
    const ids = rows.flatMap((row) => (row.kind === 'file' ? [row.file.id] : []));
    const folders = rows.flatMap((row) => (row.kind === 'folder' ? [{ prefix: row.path }] : []));
    void this.#archives(ids.length === 0 ? folders : [{ fileIds: ids }, ...folders]);
  }

  #whole(row: FileRow): void {
    this.file(row.file.id);
    this.#watch(row.path, row.file.size, () => this.#whole(row));
  }

  async #archives(requests: readonly ArchiveRequest[]): Promise<void> {
    for (const request of requests) {
      try {
        const { url, bytes } = await firstValueFrom(this.#api.archive(request));
        this.#watch(request.prefix ?? '', bytes, () => void this.#archives([request]));
        this.#save(url);
        await new Promise((done) => setTimeout(done, APART_MS));
      } catch (error) {
        this.#failures.tell({
          text: $localize`The download could not begin.`,
          problem: toApiProblem(error),
          meaning: NOTHING_CHANGED,
          ...(request.prefix && { about: [visibleName(request.prefix)] }),
          again: () => void this.#archives([request]),
        });
      }
    }
  }

  #watch(path: string, bytes: number, again: () => void): void {
    const cutOff = (problem: ApiProblem, at: string | null) =>
      this.#failures.tell({
        text: $localize`The download was cut off.`,
        problem,
        meaning: NOT_WHOLE,
        ...(at !== null && { about: [visibleName(at)] }),
        again,
      });
    this.#begun.watch({ path, bytes, cutOff });
  }

  #save(url: string): void {
    const link = this.#document.createElement('a');
    link.href = url;
    link.download = '';
    link.rel = 'noreferrer';
    this.#document.body.append(link);
    link.click();
    link.remove();
  }
}
