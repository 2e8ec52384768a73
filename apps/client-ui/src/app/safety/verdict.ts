import type { Replication, ReplicationReason, WorstState } from '@dfs/contracts';
import { isOne } from '../kit/words/locale.js';
import { counted } from '../kit/words/sizes.js';

/** One block of the copies glyph. */
export type Block = 'filled' | 'half' | 'hollow' | 'crossed' | 'dotted';
/** The five tones of a state. */
export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'quiet';

/** How safe a file is, as it is shown. */
export interface Verdict {
  tone: Tone;
  /** Short, beside the blocks. */
  text: string;
  /** The meaning, in a sentence or two. */
  hint: string;
  blocks: readonly Block[];
}

/** The knowledge of this browser beside the node's word on a file. */
export interface Sight {
  /** The browser is connected to the node: what is shown is true now. */
  current: boolean;
  /** Nodes that can be reached now, this one included; null while nobody has said. */
  nodes: number | null;
  /** Copies that the network wants; null while nobody has said. */
  target: number | null;
}

const REASONS: Record<ReplicationReason, string> = {
  'few-members': $localize`There are not enough nodes in the network: invite another one.`,
  'no-space': $localize`The other nodes have no room for it: make room, or raise a quota.`,
  'holder-gone': $localize`A node that held it has not been seen for a while.`,
  'no-holder': $localize`No node that holds it can be reached: start one of them.`,
};

const UNKNOWN: Verdict = {
  tone: 'quiet',
  text: $localize`Checking`,
  hint: $localize`Where its copies are is being found out.`,
  blocks: ['dotted', 'dotted', 'dotted'],
};

const NEWER = $localize`The node is of another version than this page and says what the page does not know: reload it.`;

const UNCONNECTED = $localize`This page is not connected to its node: how it is now cannot be known.`;

/**
 * Is the file safe, and can one get it back now? Promised copies and reachable ones are never one number, and only
 * reachable ones make it green. A file cannot have more reachable copies than there are nodes in reach, whatever the node
 * said of it a moment ago.
 */
export function verdictOf(replication: Replication | null, sight: Sight): Verdict {
  if (replication === null) return UNKNOWN;
  const { state, copies, target } = replication;
  const reachable = Math.min(replication.reachable, copies, sight.nodes ?? Infinity);
  const known = { ...replication, reachable };
  const blocks = blocksOf(known);
  if (!sight.current) {
    return {
      tone: 'quiet',
      text: $localize`Last seen: ${reachable}:reachable: of ${target}:target:`,
      hint: UNCONNECTED,
      blocks: blocks.map(() => 'dotted'),
    };
  }
  return { ...words(known), blocks, ...(state === 'safe' && reachable >= target && { tone: 'ok' }) };
}

/** Of all files beneath a folder: how the one is that is worst off. Null while nobody has said. */
export function verdictOfFolder(worst: WorstState | null, sight: Sight): Verdict {
  if (worst === null) return { ...UNKNOWN, blocks: ['dotted'] };
  if (!sight.current) {
    return { tone: 'quiet', text: $localize`Not known now`, hint: UNCONNECTED, blocks: ['dotted'] };
  }
  const { state } = worst;
  // No more copies can be had than there are nodes in reach, whatever was said a moment ago.
  const few = sight.nodes !== null && sight.target !== null && sight.nodes < sight.target;
  const reach = worst.reach === 'enough' && few ? 'fewer' : worst.reach;
  if (state === 'unavailable' || reach === 'none') {
    const hint = $localize`Files in here cannot be read right now: no node that holds them can be reached.`;
    return { tone: 'bad', text: $localize`Some out of reach`, hint, blocks: ['crossed'] };
  }
  if (state === 'at-risk') {
    const hint = $localize`Files in here have fewer copies than wanted, and a node that held them is gone.`;
    return { tone: 'bad', text: $localize`Some at risk`, hint, blocks: ['crossed'] };
  }
  if (state === 'replicating') {
    return {
      tone: 'info',
      text: $localize`Copying`,
      hint: $localize`Copies of files in here are on their way.`,
      blocks: ['hollow'],
    };
  }
  if (state !== 'safe' || reach !== 'enough') {
    const hint = $localize`Of files in here fewer copies can be reached than wanted.`;
    return { tone: 'warn', text: $localize`Too few in reach`, hint, blocks: ['half'] };
  }
  return {
    tone: 'ok',
    text: $localize`All safe`,
    hint: $localize`Enough copies of all files in here can be reached.`,
    blocks: ['filled'],
  };
}

function words({ state, copies, target, reachable, reason }: Replication): Omit<Verdict, 'blocks'> {
  const why = reason === undefined || !(reason in REASONS) ? '' : ` ${REASONS[reason]}`;
  if (state === 'unavailable' || reachable === 0) {
    return {
      tone: 'bad',
      text: $localize`Out of reach`,
      hint: $localize`It cannot be read right now: ${promised(copies)}:promised: and none of them can be reached. ${REASONS['no-holder']}:advice:`,
    };
  }
  const held =
    reachable < copies
      ? $localize` ${promised(copies)}:promised:; ${copies - reachable}:away: cannot be reached right now.`
      : '';
  const count = $localize`${reachable}:reachable: of ${target}:target:`;
  switch (state) {
    case 'safe':
      if (reachable >= target)
        return {
          tone: 'ok',
          text: $localize`Safe`,
          hint: $localize`${counted(reachable, 'node')}:nodes: hold the whole file.`,
        };
      return {
        tone: 'warn',
        text: $localize`${count}:count: in reach`,
        hint: $localize`It can be read now.${held}:held:`,
      };
    case 'replicating':
      return {
        tone: 'info',
        text: $localize`Copying · ${count}:count:`,
        hint: $localize`Copies are on their way to other nodes.${held}:held:${why}:why:`,
      };
    case 'pending':
      return {
        tone: 'warn',
        text: $localize`Only here`,
        hint: $localize`Only the node that took it in holds it so far.${why}:why:`,
      };
    case 'limited':
      return {
        tone: 'warn',
        text: reachable <= 1 ? $localize`One copy` : $localize`${count}:count: in reach`,
        hint: $localize`Every node that can hold it does; ${target}:target: copies are wanted.${held}:held:${why}:why:`,
      };
    case 'at-risk':
      return {
        tone: 'bad',
        text: $localize`At risk · ${count}:count:`,
        hint: $localize`A node that held it is gone, and there are fewer copies than wanted.${held}:held:${why}:why:`,
      };
    // Of a node that is newer than this page.
    default:
      return { tone: 'quiet', text: $localize`${count}:count: in reach`, hint: NEWER };
  }
}

/** One block for each copy that is wanted: reachable ones first, then promised ones, then those that are not there. */
function blocksOf({ state, copies, target, reachable }: Replication): Block[] {
  const wanted = Math.max(target, 1);
  const nothing = state === 'unavailable' || reachable === 0;
  const missing: Block = state === 'at-risk' ? 'crossed' : 'hollow';
  return Array.from({ length: wanted }, (_, n): Block => {
    if (nothing) return n < Math.max(copies, 1) ? 'crossed' : 'hollow';
    if (n < reachable) return 'filled';
    return n < copies ? 'half' : missing;
  });
}

function promised(copies: number): string {
  return isOne(copies)
    ? $localize`${counted(copies, 'node')}:nodes: promises to hold it`
    : $localize`${counted(copies, 'node')}:nodes: promise to hold it`;
}
