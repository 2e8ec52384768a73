import type { Summary } from '@dfs/contracts';
import { formatCount } from '../kit/words/sizes.js';
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
  if (!sight.current) return { tone: 'quiet', block: 'dotted', text: $localize`Not known now` };
  if (files.files === 0) return { tone: 'quiet', block: 'hollow', text: $localize`No files` };
  const lost = Math.max(reachable.none.files, promised.unavailable.files);
  if (lost > 0) return { tone: 'bad', block: 'crossed', text: $localize`${formatCount(lost)}:lost: out of reach` };
  if (promised['at-risk'].files > 0) {
    return { tone: 'bad', block: 'crossed', text: $localize`${formatCount(promised['at-risk'].files)}:files: at risk` };
  }
  if (promised.replicating.files > 0 && reachable.fewer.files <= promised.replicating.files) {
    return {
      tone: 'info',
      block: 'hollow',
      text: $localize`${formatCount(promised.replicating.files)}:files: being copied`,
    };
  }
  const few = sight.nodes !== null && sight.nodes < target;
  const short = few ? files.files : reachable.fewer.files;
  if (short > 0)
    return { tone: 'warn', block: 'half', text: $localize`${formatCount(short)}:short: with too few copies` };
  return { tone: 'ok', block: 'filled', text: $localize`All files safe` };
}
