import type { Replication, ReplicationReason } from '@dfs/contracts';
import {
  mdiAlertOutline,
  mdiCheckCircleOutline,
  mdiCloudOffOutline,
  mdiCircleHalfFull,
  mdiHomeCircleOutline,
  mdiProgressHelper,
  mdiSync,
} from '@mdi/js';

/** How a state of replication is shown. */
export interface ReplicationView {
  /** Short, for a chip. */
  text: string;
  tone: 'ok' | 'info' | 'warn' | 'bad' | 'quiet';
  icon: string;
  /** The meaning, in a sentence or two. */
  hint: string;
}

const REASONS: Record<ReplicationReason, string> = {
  'few-members': 'There are not enough nodes in the network: invite another one.',
  'no-space': 'The other nodes have no room for it: make room, or raise a quota.',
  'holder-gone': 'A node that holds it has not been seen for a while.',
  'no-holder': 'No node that holds it can be reached.',
};

/** Is my file safe? Null while nobody has said. */
export function viewOf(replication: Replication | null): ReplicationView {
  if (replication === null) {
    return {
      text: 'Checking',
      tone: 'quiet',
      icon: mdiProgressHelper,
      hint: 'Where its copies are is being found out.',
    };
  }
  const { state, copies, target, reason } = replication;
  const count = `${copies} of ${target}`;
  const why = reason === undefined ? '' : ` ${REASONS[reason]}`;
  switch (state) {
    case 'safe':
      return {
        text: `Safe · ${count}`,
        tone: 'ok',
        icon: mdiCheckCircleOutline,
        hint: `${copies} nodes hold the whole file.`,
      };
    case 'replicating':
      return {
        text: `Copying · ${count}`,
        tone: 'info',
        icon: mdiSync,
        hint: `Copies are on their way to other nodes.${why}`,
      };
    case 'pending':
      return {
        text: 'Only here',
        tone: 'warn',
        icon: mdiHomeCircleOutline,
        hint: `Only the node that took it in holds it so far.${why}`,
      };
    case 'limited':
      return {
        text: copies <= 1 ? 'One copy' : `Limited · ${count}`,
        tone: copies <= 1 ? 'warn' : 'quiet',
        icon: copies <= 1 ? mdiHomeCircleOutline : mdiCircleHalfFull,
        hint: `Every node that can hold it does; ${target} copies are wanted.${why}`,
      };
    case 'at-risk':
      return {
        text: `At risk · ${count}`,
        tone: 'bad',
        icon: mdiAlertOutline,
        hint: `A node that held it is gone, and there are fewer copies than wanted.${why}`,
      };
    case 'unavailable':
      return {
        text: 'Out of reach',
        tone: 'bad',
        icon: mdiCloudOffOutline,
        hint: `It cannot be read right now.${why}`,
      };
  }
}
