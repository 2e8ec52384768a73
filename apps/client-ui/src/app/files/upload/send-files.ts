import { problemOf, toApiProblem, type ApiProblem, type FilesApi, type Seen, type UploadStep } from '@dfs/client-data';
import type { FileInfo, UploadResult } from '@dfs/contracts';
import { defer, map, of, switchMap, type Observable } from 'rxjs';
import { readable } from '../readable.js';

/** A file to send, with what was seen at its path. */
export interface Sending {
  path: string;
  file: File;
  seen: Seen;
}

/** Outcome for one file: the file on the node, or the reason why it is not there. */
export type Sent = { file: FileInfo | null; problem: null } | { file: null; problem: ApiProblem };

/**
 * Sends files by one request: a single one by its own, several together. A file that cannot be read stays out of it and is
 * named with its cause.
 * @returns progress of the bytes, then one result a file, in their order. Fails for what concerns all of them.
 */
export function sendFiles(
  files: Pick<FilesApi, 'upload' | 'uploadMany'>,
  sendings: readonly Sending[],
): Observable<UploadStep<Sent[]>> {
  return defer(() => Promise.all(sendings.map(prepared))).pipe(
    switchMap((read) => {
      const results = read.map((one): Sent => ({ file: null, problem: one instanceof Error ? one : NEVER }));
      const ready = read.flatMap((one, at) => (one instanceof Error ? [] : [{ ...one, at }]));
      const settle = (step: UploadStep<Sent[]>): UploadStep<Sent[]> => {
        if (step.kind === 'progress') return step;
        step.result.forEach((sent, n) => (results[ready[n]?.at ?? 0] = sent));
        return { kind: 'done', result: results };
      };
      const [first, ...others] = ready;
      if (first === undefined) return of({ kind: 'done' as const, result: results });
      if (others.length === 0) return files.upload(first, first.seen).pipe(map(alone), map(settle));
      return files.uploadMany(ready).pipe(
        map((step): UploadStep<Sent[]> =>
          step.kind === 'progress' ? step : { kind: 'done', result: ready.map((_, n) => sentOf(step.result[n])) },
        ),
        map(settle),
      );
    }),
  );
}

const NEVER = problemOf(null, 0);

async function prepared({ path, file, seen }: Sending): Promise<{ path: string; file: Blob; seen: Seen } | ApiProblem> {
  try {
    return { path, seen, file: await readable(file) };
  } catch (error) {
    return toApiProblem(error);
  }
}

function alone(step: UploadStep<FileInfo>): UploadStep<Sent[]> {
  return step.kind === 'progress' ? step : { kind: 'done', result: [{ file: step.result, problem: null }] };
}

function sentOf(result: UploadResult | undefined): Sent {
  if (result && result.status < 300) return { file: result.file ?? null, problem: null };
  return { file: null, problem: problemOf(result?.problem ?? null, result?.status ?? 0) };
}
