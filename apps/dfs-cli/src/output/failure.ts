/** How `dfs` ends; documented in `dfs --help` and docs/cli.md, and final: scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** The node refused, or something failed here. */
  failed: 1,
  /** The command was not understood. */
  usage: 2,
  /** No node answers. */
  unreachable: 3,
  /** There is no such file, folder, version, member or key. */
  notFound: 4,
  /** Something is there already, was changed meanwhile, or needs `--confirm`. */
  conflict: 5,
  /** The token or key is missing, wrong, or may not do this. */
  refused: 6,
  /** Some of many files failed; each is named. */
  partly: 7,
  /** A live folder is not well. */
  unwell: 8,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** A failure in one plain sentence with what to do. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly exitCode: number = EXIT.failed,
    /** Of the node's problem, such as `file-not-found`. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** A refusal of the node: RFC 9457 with a stable code. */
export interface NodeProblem {
  status: number;
  code: string;
  detail: string;
  errors?: { field: string; detail: string }[];
}

/** @param what what was asked for, where that is not plain from the problem, such as a path */
export function refusal(problem: NodeProblem, what?: string): Failure {
  const fields = (problem.errors ?? []).map(({ field, detail }) => `${field}: ${detail}`).join(' ');
  const advice = problem.code === 'mass-deletion' ? ' With dfs that is --confirm.' : '';
  const text = `${(what ?? '') === '' ? '' : `${what}: `}${fields || problem.detail}${advice}`;
  return new Failure(text, exitCodeOf(problem.status), problem.code);
}

function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return EXIT.refused;
  if (status === 404 || status === 410) return EXIT.notFound;
  if (status === 409 || status === 412) return EXIT.conflict;
  return EXIT.failed;
}

/** A failure of any kind, as a person reads it. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, message, path } = error as NodeJS.ErrnoException;
  if (path !== undefined && code !== undefined) return new Failure(`${path}: ${reasons[code] ?? message}`);
  return new Failure(error instanceof Error ? error.message : String(error));
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file or directory on this machine.',
  EACCES: 'this file or directory may not be read or written by you.',
  EPERM: 'this machine does not allow that, or another program has the file open.',
  EBUSY: 'another program has this file open: close it there.',
  EISDIR: 'this is a directory.',
  ENOTDIR: 'a part of this path is no directory.',
  ENOSPC: 'the disk of this machine is full.',
  EROFS: 'the file system is read-only.',
};
