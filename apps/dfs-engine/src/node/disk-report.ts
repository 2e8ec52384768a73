import type { ErrorCode } from '@dfs/contracts';
import type { DiskTrouble } from '@dfs/chunks';

/** Remedies, by the code of the system. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'see that the node may read and write its data directory',
  EPERM: 'see that the node may read and write its data directory',
  EROFS: 'mount it for writing',
  EDQUOT: 'raise the disk quota of the node’s user, or delete files',
  'Unknown system error -122': 'raise the disk quota of the node’s user, or delete files',
  ENOSPC: 'make room on it',
  ETIMEDOUT: 'see whether it is still attached',
  ELOOP: 'put its files back in the place of links',
};

/** The calls that the disk with the chunks refuses, in a sentence or two for people. */
export function diskReport({ unreadable, unwritable }: DiskTrouble): { ok: boolean; detail: string; code: ErrorCode } {
  const cannot = [
    ...(unreadable ? [`${unreadable.packs} packs cannot be read (${unreadable.code})`] : []),
    ...(unwritable ? [`nothing can be written (${unwritable.code})`] : []),
  ];
  const code = unwritable ? 'disk-failed' : 'chunk-unreadable';
  if (cannot.length === 0) return { ok: true, detail: 'The chunks can be read and written.', code };
  const reasons = [...new Set([unreadable?.code, unwritable?.code].filter((reason) => reason !== undefined))];
  const advice = [...new Set(reasons.map((reason) => ADVICE[reason] ?? 'check the disk and its cable'))].join('; ');
  const meanwhile = unreadable ? ' Files are read from other members meanwhile.' : '';
  return { ok: false, detail: `On the disk of this node ${cannot.join(', and ')}: ${advice}.${meanwhile}`, code };
}
