import type { ErrorCode } from '@dfs/contracts';
import type { TestNode } from './network.js';

/** An error with this code, whatever else it says. */
export const refusal = (code: ErrorCode): unknown => expect.objectContaining({ code }) as unknown;

/** Peer ids of these nodes, sorted. */
export const ids = (...nodes: TestNode[]): string[] => nodes.map(({ peerId }) => peerId).sort();

/** Peer ids of the members, as this node sees them, sorted. */
export const memberIds = ({ membership }: TestNode): string[] =>
  membership
    .members()
    .map(({ peerId }) => peerId)
    .sort();
