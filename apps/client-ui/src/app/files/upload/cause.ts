import { ApiProblem, toApiProblem, type NodeApi } from '@dfs/client-data';
import { firstValueFrom } from 'rxjs';
import { readable, unreadable, unreadableSince } from '../readable.js';
import type { UploadItem } from './upload-item.js';

/**
 * Why an upload failed: a browser tells neither a file that vanished nor a connection that was cut from a node that is gone.
 * @param items of the request
 */
export async function causeOf(
  node: Pick<NodeApi, 'probe'>,
  items: readonly UploadItem[],
  error: unknown,
): Promise<ApiProblem> {
  const problem = toApiProblem(error);
  const [only, ...others] = items;
  if (problem.code === 'file-unreadable' && only && others.length === 0) return truly(only, problem);
  if (problem.code !== 'unreachable') return problem;
  const { file } = only ?? {};
  if (file && only && others.length === 0) {
    try {
      await readable(file.slice(0, 1));
    } catch (cause) {
      return truly(only, cause instanceof ApiProblem ? cause : unreadable(cause));
    }
  }
  const isThere = await firstValueFrom(node.probe()).then(
    () => true,
    (failure: unknown) => toApiProblem(failure).code !== 'unreachable',
  );
  return isThere ? new ApiProblem({ code: 'connection-cut', retryable: true }) : problem;
}

/** A file that cannot be read, with its cause: what stands on the disk now tells it, where it can be looked at. */
export async function truly(item: UploadItem, problem: ApiProblem): Promise<ApiProblem> {
  const { file, again } = item;
  if (!file || !again) return problem;
  const found = await again().catch(() => []);
  const now = found[0];
  if (now && 'problem' in now) return now.problem;
  return now && 'file' in now ? unreadableSince(file, now.file) : problem;
}
