import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, problemOf, type ApiProblem } from '@dfs/client-data';
import type { TransferInfo } from '@dfs/contracts';

/** The browser asks for a download at once, and the address of a zip is good for so long. Milliseconds. */
const BEGINS_WITHIN_MS = 60_000;

/** A download that the browser was told to begin. */
export interface BegunDownload {
  /** Of all that is to come. */
  bytes: number;
  /** The path of the file, or the folder (`a/b/`) that all of them are in. */
  path: string;
  /** The node could not give all of it. @param path of the file at which it ended */
  cutOff(problem: ApiProblem, path: string | null): void;
}

/**
 * A browser tells a page nothing of the downloads that it saves. The node tells: which of its transfers are those that this page has begun,
 * and whether one of them was cut off.
 */
@Service()
export class BegunDownloads {
  #begun: (BegunDownload & { at: number; id?: string })[] = [];

  constructor() {
    inject(EventStream)
      .transfers.pipe(takeUntilDestroyed())
      .subscribe((transfers) => transfers.forEach((transfer) => this.#hear(transfer)));
  }

  watch(download: BegunDownload): void {
    this.#begun.push({ ...download, at: Date.now() });
  }

  #hear(transfer: TransferInfo): void {
    if (transfer.kind !== 'download' || this.#begun.length === 0) return;
    const now = Date.now();
    this.#begun = this.#begun.filter(({ id, at }) => id !== undefined || now - at < BEGINS_WITHIN_MS);
    const begun =
      this.#begun.find(({ id }) => id === transfer.id) ??
      this.#begun.find(({ id, bytes, path }) => id === undefined && bytes === transfer.bytes && isIn(transfer, path));
    if (begun === undefined) return;
    begun.id = transfer.id;
    if (transfer.state === 'running') return;
    this.#begun = this.#begun.filter((other) => other !== begun);
    if (transfer.state !== 'failed') return;
    const { code = 'content-unavailable', detail } = transfer.error ?? {};
    begun.cutOff(problemOf({ code, detail, type: `/api/problems/${code}` }, 0), transfer.path);
  }
}

function isIn({ path }: TransferInfo, place: string): boolean {
  if (path === null || place === '' || path === place) return true;
  return place.endsWith('/') && path.startsWith(place);
}
