import type { JournalEntry } from '@dfs/database';
import type { SignedRecord } from '@dfs/protocol';

/** Numbers on disk: never given to anything else. */
const KIND = { membership: 1, record: 2, position: 3 } as const;

/** Entries of a node's journal. */
export type Journaled =
  /** A membership record, as received. */
  | { kind: 'membership'; bytes: Uint8Array }
  /** A record of the catalogue, as received. */
  | { kind: 'record'; record: SignedRecord }
  /** Id of the record that was written last, in an earlier segment: 64 hex digits. */
  | { kind: 'position'; recordId: string };

/** A record is its signature, behind its length in one byte, and its body. */
export function toEntry(journaled: Journaled): JournalEntry {
  switch (journaled.kind) {
    case 'membership':
      return { kind: KIND.membership, body: journaled.bytes };
    case 'record': {
      const { body, signature } = journaled.record;
      return { kind: KIND.record, body: Buffer.concat([Uint8Array.of(signature.length), signature, body]) };
    }
    case 'position':
      return { kind: KIND.position, body: Buffer.from(journaled.recordId, 'hex') };
  }
}

/** Undefined for what a later version has written. The bytes are those of the entry, not a copy. */
export function fromEntry({ kind, body }: JournalEntry): Journaled | undefined {
  switch (kind) {
    case KIND.membership:
      return { kind: 'membership', bytes: body };
    case KIND.record: {
      const at = 1 + (body[0] ?? 0);
      return { kind: 'record', record: { signature: body.subarray(1, at), body: body.subarray(at) } };
    }
    case KIND.position:
      return { kind: 'position', recordId: Buffer.from(body).toString('hex') };
    default:
      return undefined;
  }
}
