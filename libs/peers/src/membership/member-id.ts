import { DfsError } from '@dfs/runtime';
import { normalisePeerId } from '@dfs/protocol';

/** The one form of a peer id that a person gave. @throws DfsError `peer-not-found` */
export function memberIdOf(given: string): string {
  try {
    return normalisePeerId(given);
  } catch {
    throw noSuchMember();
  }
}

/** Nobody in the network has the peer id that was given. */
export function noSuchMember(): DfsError {
  return new DfsError('peer-not-found', 'No member of this network has that peer id.');
}
