import { setTimeout as delay } from 'node:timers/promises';
import { DfsError, isDfsError } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { DIAL_TIME, HELLO_TIME } from '../constants.js';
import type { Membership } from '../membership/membership.js';
import type { Presence } from '../presence/presence.js';

/**
 * Connects to the member at an address that a person gave, and waits for its hello.
 * @throws DfsError `invalid-address`, `peer-unreachable`, `not-a-member`
 */
export async function connectTo(
  { transport, membership, presence }: { transport: Transport; membership: Membership; presence: Presence },
  address: string,
): Promise<string> {
  if (membership.isRemoved) {
    throw new DfsError('not-a-member', 'This node was removed from its network. To come back, join with a new ticket.');
  }
  const text = address.trim();
  const named = /\/p2p\/([^/]+)$/.exec(text)?.[1];
  if (named !== undefined && named !== transport.peerId && text.startsWith('/') && !membership.isMember(named)) {
    throw notAMember();
  }
  const peerId = await dial(transport, text);
  if (!membership.isMember(peerId)) {
    await transport.hangUp(peerId);
    throw notAMember();
  }
  presence.book.learn(peerId, [text], 'typed');
  await helloOf(presence, peerId);
  return peerId;
}

async function dial(transport: Transport, address: string): Promise<string> {
  try {
    return await transport.dial(address, { signal: AbortSignal.timeout(DIAL_TIME) });
  } catch (error) {
    if (isDfsError(error, 'invalid-address')) throw error;
    throw new DfsError(
      'peer-unreachable',
      `No member of this network could be reached at ${address}. Check the address, and that the node runs. ` +
        'If it runs and is not in this network yet, it has to join first: make an invite here and enter its ticket there.',
      { cause: error },
    );
  }
}

/** Waits until the member has said hello. */
async function helloOf(presence: Presence, peerId: string): Promise<void> {
  const isReady = (): boolean => presence.sessions.of(peerId)?.ready ?? false;
  if (isReady()) return;
  const timeout = new AbortController();
  const off = presence.ready.add((ready) => ready === peerId && timeout.abort());
  try {
    await delay(HELLO_TIME, undefined, { signal: timeout.signal, ref: false }).catch(() => undefined);
  } finally {
    off();
  }
  if (isReady()) return;
  throw new DfsError(
    'peer-unreachable',
    'The node was reached, but does not answer as a member: it may have left this network, or be shutting down.',
  );
}

function notAMember(): DfsError {
  return new DfsError(
    'not-a-member',
    'That node is not a member of this network. It has to be invited: make an invite here, and enter the ticket there to join.',
  );
}
