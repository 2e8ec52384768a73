import type { StoredContent } from '@dfs/chunks';
import type { UploadProgress } from '../upload-progress.js';

/** The share that one request has in the bytes of an upload. */
export interface Share {
  /** So many bytes of the request have come. */
  arrived(bytes: number): void;
  /** @param isHere its bytes stay */
  end(isHere: boolean): void;
}

/** An upload that comes in parts, in the list of transfers: several requests may bring bytes of it at once. */
export class ListedUpload {
  /** Bytes that were here for good when the requests at work began, and those of requests that have ended since. */
  private here = 0;
  private readonly coming = new Set<{ bytes: number }>();
  /** As it was told last; it goes back for nothing. */
  private told = 0;

  constructor(private readonly progress: UploadProgress) {}

  /** Aborted when a person cancels it. */
  get signal(): AbortSignal {
    return this.progress.or(undefined);
  }

  /** @param here bytes of the upload that are here for good */
  share(here: number): Share {
    if (this.coming.size === 0) this.here = here;
    const own = { bytes: 0 };
    this.coming.add(own);
    this.tell();
    return {
      arrived: (bytes) => {
        own.bytes = bytes;
        this.tell();
      },
      end: (isHere) => {
        if (this.coming.delete(own) && isHere) this.here += own.bytes;
      },
    };
  }

  /** It is a file. */
  finish({ contentId, size }: Pick<StoredContent, 'contentId' | 'size'>): void {
    this.progress.finish(contentId, size);
  }

  /** The error that the client is to be told of. */
  fail(error: unknown): unknown {
    return this.progress.fail(error);
  }

  private tell(): void {
    let bytes = this.here;
    for (const one of this.coming) bytes += one.bytes;
    if (bytes <= this.told) return;
    this.told = bytes;
    this.progress.arrived(bytes);
  }
}
