import type { Summary } from '@dfs/contracts';
import { formatCount } from '../kit/sizes.js';
import type { Block, Sight, Tone } from '../safety/verdict.js';

/** The state of the network, in a word. */
export interface HealthView {
  tone: Tone;
  block: Block;
  text: string;
}

/** Of all files the worst: green only where enough copies of every one of them are in reach. */
export function healthOf(
  summary: Pick<Summary, 'reachable' | 'promised' | 'target' | 'files'>,
  sight: Sight,
): HealthView {
  const { reachable, promised, target, files } = summary;
  if (!sight.current) return { tone: 'quiet', block: 'dotted', text: 'Not known now' };
  if (files.files === 0) return { tone: 'quiet', block: 'hollow', text: 'No files' };
  const lost = Math.max(reachable.none.files, promised.unavailable.files);
  if (lost > 0) return { tone: 'bad', block: 'crossed', text: `${formatCount(lost)} out of reach` };
  if (promised['at-risk'].files > 0) {
    return { tone: 'bad', block: 'crossed', text: `${formatCount(promised['at-risk'].files)} at risk` };
  }
  if (promised.replicating.files > 0 && reachable.fewer.files <= promised.replicating.files) {
    return { tone: 'info', block: 'hollow', text: `${formatCount(promised.replicating.files)} being copied` };
  }
  const few = sight.nodes !== null && sight.nodes < target;
  const short = few ? files.files : reachable.fewer.files;
  if (short > 0) return { tone: 'warn', block: 'half', text: `${formatCount(short)} with too few copies` };
  return { tone: 'ok', block: 'filled', text: 'All files safe' };
}
