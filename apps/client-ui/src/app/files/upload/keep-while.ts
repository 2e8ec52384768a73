import { DestroyRef, effect, inject } from '@angular/core';
import type { UploadsApi } from '@dfs/client-data';
import { toApiProblem } from '@dfs/client-data';
import type { KeptUploads } from './kept-uploads.js';
import type { UploadItem } from './upload-item.js';

/** Unfinished uploads are remembered at most this often, and this often at least. Milliseconds. */
const SAVE_MS = 1000;
const BEAT_MS = 20_000;

/**
 * Remembers what is not finished for as long as the page is there, and when it is left; a page that is left while something is under
 * way is asked about. Within an injection context. @param changed reads all that may change what is remembered
 */
export function keepWhile(
  keep: KeptUploads,
  { items, active, changed }: { items: () => readonly UploadItem[]; active: () => number; changed: () => void },
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = (isLeft = false) => {
    clearTimeout(timer);
    timer = undefined;
    keep.save(
      items().flatMap((item) => item.kept() ?? []),
      isLeft,
    );
  };
  effect(() => {
    changed();
    timer ??= setTimeout(save, SAVE_MS);
  });
  const beat = setInterval(() => items().length > 0 && save(), BEAT_MS);
  const warn = (event: BeforeUnloadEvent) => {
    if (active() > 0) event.preventDefault();
  };
  const leave = () => save(true);
  globalThis.addEventListener?.('beforeunload', warn);
  globalThis.addEventListener?.('pagehide', leave);
  inject(DestroyRef).onDestroy(() => {
    clearTimeout(timer);
    clearInterval(beat);
    globalThis.removeEventListener?.('beforeunload', warn);
    globalThis.removeEventListener?.('pagehide', leave);
  });
}

/** Asks the node how far uploads are that earlier pages have left undone: one may be a file by now, or be gone. */
export function askAfter(uploads: Pick<UploadsApi, 'info'>, items: readonly UploadItem[]): void {
  for (const item of items) {
    if (item.upload === null) continue;
    uploads.info(item.upload).subscribe({
      next: ({ file, offset }) => {
        if (item.state() !== 'unchosen') return;
        if (file) item.done(file);
        else item.remain(offset);
      },
      error: (error: unknown) => {
        const { code } = toApiProblem(error);
        if (item.state() === 'unchosen' && /^upload-(not-found|expired)$/.test(code)) item.forget();
      },
    });
  }
}
