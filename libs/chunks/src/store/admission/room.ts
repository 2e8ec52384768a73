/** For whom bytes come in: this node's own users may fill the quota, other members a share of it (PEER_SHARE). */
export type Purpose = 'local' | 'peer';

/** Room that a node could make for its own uploads, in bytes of contents that nothing shows any more. */
export interface PastBytes {
  /** Of deleted files, and of earlier versions of files that are there. */
  deletedBytes: number;
  pastVersionBytes: number;
}

/**
 * Makes room for so many bytes that are short, for this node's own users, as far as that can be done. Never throws.
 * @returns what it could not let go of
 */
export type RoomMaker = (shortBytes: number) => Promise<PastBytes>;
