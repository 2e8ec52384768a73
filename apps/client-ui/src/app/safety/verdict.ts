import type { Replication, ReplicationReason, WorstState } from '@dfs/contracts';

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
  'few-members': 'There are not enough nodes in the network: invite another one.',
  'no-space': 'The other nodes have no room for it: make room, or raise a quota.',
  'holder-gone': 'A node that held it has not been seen for a while.',
  'no-holder': 'No node that holds it can be reached: start one of them.',
};

const UNKNOWN: Verdict = {
  tone: 'quiet',
  text: 'Checking',
  hint: 'Where its copies are is being found out.',
  blocks: ['dotted', 'dotted', 'dotted'],
};

const UNCONNECTED = 'This page is not connected to its node: how it is now cannot be known.';

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
      text: `Last seen: ${reachable} of ${target}`,
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
    return { tone: 'quiet', text: 'Not known now', hint: UNCONNECTED, blocks: ['dotted'] };
  }
  const { state } = worst;
  // No more copies can be had than there are nodes in reach, whatever was said a moment ago.
  const few = sight.nodes !== null && sight.target !== null && sight.nodes < sight.target;
  const reach = worst.reach === 'enough' && few ? 'fewer' : worst.reach;
  if (state === 'unavailable' || reach === 'none') {
    const hint = 'Files in here cannot be read right now: no node that holds them can be reached.';
    return { tone: 'bad', text: 'Some out of reach', hint, blocks: ['crossed'] };
  }
  if (state === 'at-risk') {
    const hint = 'Files in here have fewer copies than wanted, and a node that held them is gone.';
    return { tone: 'bad', text: 'Some at risk', hint, blocks: ['crossed'] };
  }
  if (state === 'replicating') {
    return { tone: 'info', text: 'Copying', hint: 'Copies of files in here are on their way.', blocks: ['hollow'] };
  }
  if (state !== 'safe' || reach !== 'enough') {
    const hint = 'Of files in here fewer copies can be reached than wanted.';
    return { tone: 'warn', text: 'Too few in reach', hint, blocks: ['half'] };
  }
  return {
    tone: 'ok',
    text: 'All safe',
    hint: 'Enough copies of all files in here can be reached.',
    blocks: ['filled'],
  };
}

function words({ state, copies, target, reachable, reason }: Replication): Omit<Verdict, 'blocks'> {
  const why = reason === undefined ? '' : ` ${REASONS[reason]}`;
  if (state === 'unavailable' || reachable === 0) {
    return {
      tone: 'bad',
      text: 'Out of reach',
      hint: `It cannot be read right now: ${promised(copies)} and none of them can be reached. ${REASONS['no-holder']}`,
    };
  }
  const held = reachable < copies ? ` ${promised(copies)}; ${copies - reachable} cannot be reached right now.` : '';
  const count = `${reachable} of ${target}`;
  switch (state) {
    case 'safe':
      if (reachable >= target) return { tone: 'ok', text: 'Safe', hint: `${counted(reachable)} hold the whole file.` };
      return { tone: 'warn', text: `${count} in reach`, hint: `It can be read now.${held}` };
    case 'replicating':
      return { tone: 'info', text: `Copying · ${count}`, hint: `Copies are on their way to other nodes.${held}${why}` };
    case 'pending':
      return { tone: 'warn', text: 'Only here', hint: `Only the node that took it in holds it so far.${why}` };
    case 'limited':
      return {
        tone: 'warn',
        text: reachable <= 1 ? 'One copy' : `${count} in reach`,
        hint: `Every node that can hold it does; ${target} copies are wanted.${held}${why}`,
      };
    case 'at-risk':
      return {
        tone: 'bad',
        text: `At risk · ${count}`,
        hint: `A node that held it is gone, and there are fewer copies than wanted.${held}${why}`,
      };
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

function counted(nodes: number): string {
  return `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
}

function promised(copies: number): string {
  return `${counted(copies)} ${copies === 1 ? 'promises' : 'promise'} to hold it`;
}
