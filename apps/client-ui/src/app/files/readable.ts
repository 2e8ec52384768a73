import { ApiProblem } from '@dfs/client-data';

/** A disk that has not answered after this many milliseconds is not waited for: other files go on. */
const PATIENCE_MS = 30_000;
/** Files up to here are read before they are sent, so that none can cut a request short that it shares with others. */
export const READ_AHEAD_BYTES = 512 * 1024;

/** The name of what the browser reports, and what it means to a person. */
const CAUSES: Readonly<Record<string, string>> = {
  NotFoundError: $localize`It is not there any more, or was replaced since it was chosen. Choose it again.`,
  NotReadableError: $localize`It was changed since it was chosen, another program locks it, or its permissions forbid it. Choose it again.`,
  // So Chromium says that a folder may not be listed.
  NoModificationAllowedError: $localize`Its permissions do not allow this browser to look into it.`,
  SecurityError: $localize`The browser may not read it: check its permissions.`,
  NotAllowedError: $localize`The browser may not read it: check its permissions.`,
  TimeoutError: $localize`The disk does not answer, or it is not a regular file.`,
};

/** Why a file cannot be read on this computer. */
export function unreadable(error: unknown): ApiProblem {
  const cause = error instanceof Error ? CAUSES[error.name] : undefined;
  return new ApiProblem({ code: 'file-unreadable', retryable: false, ...(cause !== undefined && { detail: cause }) });
}

/** Why a file could not be read, when it can be looked at anew: what stands there now tells a change from a permission. */
export function unreadableSince(was: File, now: File): ApiProblem {
  const isSame = was.size === now.size && was.lastModified === now.lastModified;
  const detail = isSame
    ? $localize`Its permissions do not allow this browser to read it, or another program locks it.`
    : $localize`It changes while it is read: another program is still writing it. Try again once it stands still.`;
  return new ApiProblem({ code: 'file-unreadable', retryable: false, detail });
}

/** Waits for something that a disk does, but not for ever. @throws DOMException `TimeoutError` */
export async function within<T>(work: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new DOMException($localize`no answer from the disk`, 'TimeoutError')), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The bytes as they can be sent: a small file is read now, of a large one the first byte, to know that it can be.
 * @throws ApiProblem `file-unreadable`, with the cause
 */
export async function readable(file: Blob): Promise<Blob> {
  try {
    if (file.size > READ_AHEAD_BYTES) {
      await within(file.slice(0, 1).arrayBuffer());
      return file;
    }
    const bytes = await within(file.arrayBuffer());
    return new Blob([bytes], { type: file.type });
  } catch (error) {
    throw unreadable(error);
  }
}
