import type { ScrubStatus } from '@dfs/chunks';

/** How the scrub stands, in a sentence or two for people. */
export function scrubReport({ last, underWay, overdue }: ScrubStatus): { ok: boolean; detail: string } {
  const before = last
    ? `All ${last.chunks} chunks were read and hashed by ${time(last.finishedAt)}; ${last.damaged} were damaged.`
    : 'Not all chunks have been read and hashed yet.';
  const now = underWay
    ? ` A pass since ${time(underWay.startedAt)} is at ${Math.floor(underWay.share * 100)} %, with ${underWay.damaged} damaged.`
    : '';
  const late = overdue ? ' It is overdue: leave the node running, and see whether its disk is slow.' : '';
  return { ok: !overdue, detail: before + now + late };
}

function time(milliseconds: number | null): string {
  return milliseconds === null ? 'now' : new Date(milliseconds).toISOString();
}
