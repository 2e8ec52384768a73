import { MAX_WIRE_ADDRESSES, MAX_WIRE_ADDRESS_LENGTH, membershipEnvelopes } from './join-messages.js';
import { MAX_KNOWN_RECORDS, MAX_NAME_LENGTH } from '../limits.js';
import { shape, unless, type Infer } from '../codec/schema.js';

/**
 * `/dfs/status/1`: what members tell each other of themselves, in place of pings. A stream is of one kind:
 *   status → status, status → …      when connected, then as a heartbeat, and when something has changed (StatusLine)
 *   pull → records, records, … (end)  what the asker's membership lacks
 *   push → received                  new membership records
 */
export const STATUS_PROTOCOL = '/dfs/status/1';

/** Sections of a status: one for each part of the engine that has something to say. */
export const MAX_STATUS_SECTIONS = 32;
/** Runs of one node that a member tells apart. */
export const MAX_STATUS_RUNS = 4;
/** Members one node asks others about in one status. */
export const MAX_MISSING = 32;

const addresses = () => shape.list(shape.text(MAX_WIRE_ADDRESS_LENGTH), MAX_WIRE_ADDRESSES);

/** A member's statement about itself and those it hears, with every heartbeat. */
export const statusMessage = shape.struct({
  method: shape.oneOf('status'),
  /** When the sender started, by its clock: tells one run of it from another. */
  boot: shape.int(),
  /** Seconds since then. */
  uptime: unless<number | null>(null, shape.nullable(shape.int())),
  /** Grows whenever a section changes. */
  revision: shape.int(),
  /** `sections` are those that changed after this revision; one who has not seen it takes none of them, and says so. */
  since: unless(0, shape.int()),
  /** Up to which revision, of which run, the sender has the receiver's sections. */
  seen: unless<{ boot: number; revision: number } | null>(
    null,
    shape.nullable(shape.tuple({ boot: shape.int(), revision: shape.int() })),
  ),
  /** Heartbeat counter: grows from heartbeat to heartbeat and from start to start. */
  beat: shape.int(),
  /** The highest heartbeat of the receiver that is known, where that is more than it says itself: a restored node goes on from there. */
  heard: unless(0, shape.int()),
  /** Fingerprint of the membership: SHA-256 of the ids of its heads, ascending. */
  membership: shape.bytes(32),
  /** The sender has all membership records that the receiver had when they connected. */
  synced: shape.bool(),
  /** Milliseconds of the sender's last round trip to the receiver. */
  latency: unless<number | null>(null, shape.nullable(shape.int())),
  sections: unless<{ name: string; value: Infer<ReturnType<typeof shape.any>> }[]>(
    [],
    shape.list(shape.tuple({ name: shape.text(32), value: shape.any() }), MAX_STATUS_SECTIONS),
  ),
  /** Members the sender does not hear itself: it would like to hear of them. */
  missing: unless<string[]>([], shape.list(shape.peerId(), MAX_MISSING)),
  /** Heartbeats of members whom the receiver misses, as the sender heard them. */
  relayed: unless<{ peerId: string; beat: number; addresses: string[] }[]>(
    [],
    shape.list(shape.tuple({ peerId: shape.peerId(), beat: shape.int(), addresses: addresses() }), MAX_MISSING),
  ),
  /** The sender's signature over its heartbeat, for those who pass it on. */
  proof: unless<Uint8Array | null>(null, shape.nullable(shape.bytes(64))),
  /** Of each heartbeat in `relayed`, in that order, the signature by its author; without it, it counts for nothing. */
  proofs: unless<Uint8Array[]>([], shape.list(shape.bytes(64), MAX_MISSING)),
  /** The receiver's own signature over `heard`, where that is more than the receiver says itself. */
  heardProof: unless<Uint8Array | null>(null, shape.nullable(shape.bytes(64))),
  /** The sender's clock; null when it does not tell. */
  time: unless<number | null>(null, shape.nullable(shape.int())),
  /**
   * Runs of the receiver that go on beside each other, as the sender hears them: its data directory was copied, and is
   * run twice. `rank` grows in the order in which they began; equal where the sender cannot tell.
   */
  runs: unless<{ boot: number; rank: number; addresses: string[] }[]>(
    [],
    shape.list(
      shape.tuple({ boot: shape.int(), rank: shape.int(0, MAX_STATUS_RUNS), addresses: addresses() }),
      MAX_STATUS_RUNS,
    ),
  ),
});
/** A decoded `statusMessage`. Fields that the sender left out have their defaults. */
export type StatusMessage = Infer<typeof statusMessage>;

/** The input of a heartbeat's proof: Ed25519 of the msgpack of this, by the one whose heartbeat it is. */
export const heartbeatStatement = shape.tuple({
  tag: shape.oneOf('dfs-heartbeat'),
  networkId: shape.hex(32),
  beat: shape.int(),
});

/** The section of the node itself. */
export const nodeSection = shape.struct({
  name: shape.text(MAX_NAME_LENGTH),
  version: shape.text(32),
  /** Multiaddrs it listens at. */
  addresses: addresses(),
});

/** Asks for membership records that the asker lacks. */
export const pullMessage = shape.struct({
  method: shape.oneOf('pull'),
  /** Ids of membership records the asker has, with all their ancestors: its heads, then ever sparser into the past. */
  known: shape.list(shape.hex(32), MAX_KNOWN_RECORDS),
});
/** New membership records, sent without being asked. */
export const pushMessage = shape.struct({
  method: shape.oneOf('push'),
  records: membershipEnvelopes(),
});
/** Answer to a push. */
export const receivedMessage = shape.struct({
  /** How many of them were new. */
  added: shape.int(),
});
/** Just enough to tell which it is. */
export const statusMethod = shape.struct({ method: shape.oneOf('status', 'pull', 'push') });
