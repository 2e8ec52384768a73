import {
  ApiProblem,
  problemOf,
  toApiProblem,
  type FilesApi,
  type NodeApi,
  type Seen,
  type UploadSource,
  type UploadStep,
} from '@dfs/client-data';
import type { LookupResult, UploadResult } from '@dfs/contracts';
import { catchError, concatMap, defer, firstValueFrom, from, map, of, scan, switchMap, type Observable } from 'rxjs';
import { readable, unreadable } from '../readable.js';

/** Where an upload goes, and how it asks whether the node is there. */
export interface SendComponents {
  files: Pick<FilesApi, 'lookUp' | 'upload' | 'uploadMany'>;
  node: Pick<NodeApi, 'info'>;
}

/** Each file's result, in their order: null where it is stored. */
export type SendResults = readonly (ApiProblem | null)[];

interface Prepared {
  at: number;
  source: UploadSource;
  original: Blob;
  seen: Seen;
}

/**
 * Sends files by one request: a single one by its own, several together. A file that cannot be read stays out of it and is
 * named with its cause. The paths are looked up first, so that a file sent again after a lost answer
 * replaces nothing that others wrote meanwhile.
 * @returns progress of the bytes, then one result a file. Fails for what concerns all of them.
 */
export function sendFiles(
  components: SendComponents,
  sources: readonly UploadSource[],
): Observable<UploadStep<SendResults>> {
  return defer(() => prepare(components, sources)).pipe(
    switchMap(({ ready, results }) => {
      const [first, ...others] = ready;
      if (first === undefined) return of({ kind: 'done' as const, result: results });
      return (others.length === 0 ? sendOne(components, first).pipe(asList()) : sendMany(components, ready)).pipe(
        map((step) => {
          if (step.kind === 'progress') return step;
          step.result.forEach((problem, n) => (results[(ready[n] as Prepared).at] = problem));
          return { kind: 'done' as const, result: results };
        }),
      );
    }),
  );
}

async function prepare(
  { files }: SendComponents,
  sources: readonly UploadSource[],
): Promise<{ ready: Prepared[]; results: (ApiProblem | null)[] }> {
  const results = sources.map((): ApiProblem | null => null);
  const read = await Promise.all(
    sources.map(async ({ path, file }, at) => {
      try {
        return { at, path, original: file, file: await readable(file) };
      } catch (error) {
        results[at] = toApiProblem(error);
        return null;
      }
    }),
  );
  const good = read.filter((one) => one !== null);
  if (good.length === 0) return { ready: [], results };
  const found = await firstValueFrom(files.lookUp(good.map(({ path }) => path)));
  return {
    ready: good.map(({ at, path, original, file }, n) => ({
      at,
      original,
      source: { path, file },
      seen: seenOf(found[n]),
    })),
    results,
  };
}

function seenOf(found: LookupResult | undefined): Seen {
  return found?.file ? { version: found.file.version } : null;
}

/** One file, with what was seen at its path. Never fails: why it was not stored is its result. */
function sendOne(components: SendComponents, one: Prepared): Observable<UploadStep<ApiProblem | null>> {
  return components.files.upload(one.source, one.seen).pipe(
    map((step): UploadStep<ApiProblem | null> => (step.kind === 'progress' ? step : { kind: 'done', result: null })),
    catchError((error: unknown) =>
      from(causeOf(components, one, error)).pipe(
        map((problem): UploadStep<ApiProblem | null> => ({ kind: 'done', result: problem })),
      ),
    ),
  );
}

/** Many small files together; when the answer is lost, each again by itself, with what was seen at its path. */
function sendMany(components: SendComponents, ready: readonly Prepared[]): Observable<UploadStep<SendResults>> {
  return components.files.uploadMany(ready.map(({ source }) => source)).pipe(
    map((step): UploadStep<SendResults> => {
      if (step.kind === 'progress') return step;
      return { kind: 'done', result: ready.map((_, n) => problemIn(step.result[n])) };
    }),
    catchError((error: unknown) => {
      const problem = toApiProblem(error);
      if (!problem.retryable) throw problem;
      return from(ready).pipe(
        concatMap((one) =>
          sendOne(components, one).pipe(concatMap((step) => (step.kind === 'done' ? [step.result] : []))),
        ),
        scan((results, result) => [...results, result], [] as (ApiProblem | null)[]),
        concatMap((results) => (results.length === ready.length ? [{ kind: 'done' as const, result: results }] : [])),
      );
    }),
  );
}

function problemIn(result: UploadResult | undefined): ApiProblem | null {
  if (result && result.status < 300) return null;
  return problemOf(result?.problem ?? null, result?.status ?? 0);
}

/** A browser tells neither a file that vanished nor a connection that was cut from a node that is gone. */
async function causeOf({ node }: SendComponents, { original }: Prepared, error: unknown): Promise<ApiProblem> {
  const problem = toApiProblem(error);
  if (problem.code !== 'unreachable') return problem;
  try {
    await readable(original.slice(0, 1));
  } catch (cause) {
    return toApiProblem(cause instanceof ApiProblem ? cause : unreadable(cause));
  }
  const there = await firstValueFrom(node.info()).then(
    () => true,
    (failure: unknown) => toApiProblem(failure).code !== 'unreachable',
  );
  return there ? new ApiProblem({ code: 'connection-cut' }) : problem;
}

function asList() {
  return map((step: UploadStep<ApiProblem | null>): UploadStep<SendResults> =>
    step.kind === 'progress' ? step : { kind: 'done', result: [step.result] },
  );
}
