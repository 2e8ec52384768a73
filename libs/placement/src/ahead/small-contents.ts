import type { Tx } from '@dfs/database';
import { StatusSection } from '@dfs/peers';
import {
  isManifestCid,
  MAX_SMALL_CONTENT_BYTES,
  MAX_SMALL_CONTENTS,
  parseRecord,
  smallContentsStatus,
  type Cid,
  type RecordFields,
  type SignedRecord,
} from '@dfs/protocol';
import { isDfsError, type Log } from '@dfs/runtime';
import { isEmpty } from '../plan/extents.js';
import type { MembersNow, Snapshot } from '../plan/members-now.js';
import type { Batch, BlockStore, PeerView } from '../ports.js';
import type { Headroom } from '../replicate/headroom.js';

/** With more records at once their contents are fetched, as before: many together cost less than one by one. */
const MAX_RECORDS = 64;

/** Section of the status message that says which contents may come with their records. */
const SECTION = new StatusSection('small', smallContentsStatus);

type PinWhole = (tx: Tx, contents: readonly { contentId: Cid; size: number; chunkCount: number }[]) => Promise<void>;

/** The parts by which small contents go and come with records. */
export interface SmallContentsComponents {
  peers: Pick<PeerView, 'contribute' | 'onStatus' | 'onGone'>;
  network: Pick<MembersNow, 'now'>;
  chunks: Pick<BlockStore, 'batch' | 'getMany'>;
  room: Pick<Headroom, 'isFull' | 'isShort' | 'bytesLeft' | 'refused'>;
  /** Promises contents that are whole here, whatever was purged before: a record that is stored now names them. */
  pin: PinWhole;
  /** Ends all reading. */
  signal: AbortSignal;
  log: Log;
}

/** A content that came with the record of its author. */
export interface SmallContent {
  contentId: Cid;
  bytes: Uint8Array;
  /** Peer id. */
  author: string;
}

/**
 * Contents of small files go with their records to the members that are to hold them: these need not ask, and record, bytes
 * and promise become durable together.
 */
export class SmallContents {
  /** Bytes that a content may have at most that goes to a member, by peer id. */
  private readonly takers = new Map<string, number>();

  constructor(private readonly components: SmallContentsComponents) {}

  /** Tells members what may come, and hears what may go to them. */
  start(): void {
    const { peers, room, log } = this.components;
    SECTION.say(peers, () => ({ most: room.isFull() ? 0 : MAX_SMALL_CONTENT_BYTES }));
    SECTION.hear(peers, log, (peerId, { most }) => this.takers.set(peerId, most));
    peers.onGone((peerId) => this.takers.delete(peerId));
  }

  /** Of this node's records, the contents that go with them to a member, of so many bytes together at most. Never rejects. */
  async goingWith(records: readonly SignedRecord[], peerId: string, most: number): Promise<Uint8Array[]> {
    const largest = this.takers.get(peerId) ?? 0;
    if (largest === 0 || records.length > MAX_RECORDS) return [];
    const { chunks, network, signal, log } = this.components;
    const now = network.now();
    const ids = new Set<Cid>();
    let bytes = 0;
    for (const { body } of records) {
      const { content, size } = smallFile(parseRecord(body).fields, now, largest) ?? {};
      if (!content || !size || ids.has(content) || bytes + size > most) continue;
      if (!now.shouldHold(peerId, content, 0, [now.self])) continue;
      ids.add(content);
      bytes += size;
      if (ids.size >= MAX_SMALL_CONTENTS) break;
    }
    const contents: Uint8Array[] = [];
    try {
      for await (const block of chunks.getMany([...ids], { signal })) contents.push(block.bytes);
    } catch (error) {
      log.debug({ err: error, peerId }, 'small contents did not go with their records');
    }
    return contents;
  }

  /** Puts those on this disk that this node is to hold, unpinned; undefined for none of them. Never rejects. */
  async take(contents: readonly SmallContent[]): Promise<TakenContents | undefined> {
    const { chunks, network, room, log } = this.components;
    const now = network.now();
    const placed = contents.filter(({ contentId, author }) => now.shouldHold(now.self, contentId, 0, [author]));
    const bytes = placed.reduce((sum, { bytes: { length } }) => sum + length, 0);
    // Where room is short, who gets the rest of it is decided as for all contents.
    if (placed.length === 0 || room.isShort() || bytes > room.bytesLeft()) return undefined;
    const batch = chunks.batch('peer');
    try {
      for (const { contentId, bytes } of placed) await batch.add({ id: contentId, bytes });
      await batch.flush();
      return new TakenContents(placed, batch, this.components.pin);
    } catch (error) {
      await batch.abort();
      if (isDfsError(error, 'quota-exceeded') || isDfsError(error, 'no-space')) room.refused();
      log.debug({ err: error }, 'small contents that came with their records were not kept');
      return undefined;
    }
  }
}

/** Contents that came with records, on disk and in no unit of work yet. */
export class TakenContents {
  constructor(
    private readonly contents: readonly SmallContent[],
    private readonly batch: Batch,
    private readonly pin: PinWhole,
  ) {}

  /** Keeps and promises them, in the unit of work that stores their records, where all of these count; none otherwise. */
  async commit(tx: Tx, counted: ReadonlySet<Cid>): Promise<void> {
    if (this.contents.some(({ contentId }) => !counted.has(contentId))) return;
    await this.batch.commit(tx);
    await this.pin(
      tx,
      this.contents.map(({ contentId, bytes }) => ({ contentId, size: bytes.length, chunkCount: 1 })),
    );
  }

  /** Takes back what was not committed. Never throws. */
  abort(): Promise<void> {
    return this.batch.abort();
  }
}

/** A file by this node whose content is one small chunk, and new: that of a file that was moved, members have. */
function smallFile(fields: RecordFields | null, { self }: Snapshot, largest: number): RecordFields | undefined {
  if (!fields?.content || fields.kind !== 'file' || fields.author !== self || fields.from !== null) return undefined;
  return isEmpty(fields.content) || isManifestCid(fields.content) || fields.size > largest ? undefined : fields;
}
