import { slices, type Database, type Tx } from '@dfs/database';
import { StatusSection, type Peers } from '@dfs/peers';
import { DfsError, type Clock, type Log } from '@dfs/runtime';
import {
  MAX_DELETIONS_PER_RECEIPT,
  MAX_RECEIPTS_PAYLOAD_BYTES,
  packedRecordSize,
  packReceiptMarks,
  packRecords,
  parseReceipt,
  printOfMarks,
  RECEIPTS_PROTOCOL,
  receiptsFrame,
  receiptsRequest,
  receiptsStatus,
  signReceipt,
  unpackReceiptMarks,
  unpackRecords,
  verifyReceipt,
  type Receipt,
  type SignedRecord,
  type Signer,
} from '@dfs/protocol';
import { firstFrame, FrameWriter, request, type Channel, type Transport } from '@dfs/transport';
import type { ReceiptStore, StoredReceipt } from './receipt-store.js';

/** Section of a status in which a node says which receipts it has. */
const SECTION = new StatusSection('receipts', receiptsStatus);
const FRAMES = { sizeOf: packedRecordSize, most: MAX_RECEIPTS_PAYLOAD_BYTES };

/** The parts by which receipts are signed, stored and exchanged. */
export interface ReceiptsComponents {
  db: Pick<Database, 'write'>;
  store: ReceiptStore;
  transport: Pick<Transport, 'open' | 'handle'>;
  peers: Pick<Peers, 'contribute' | 'onStatus' | 'nudge'>;
  membership: { readonly networkId: string; isMember(peerId: string): boolean };
  signer: Signer;
  clock: Clock;
  log: Log;
}

/**
 * Receipts of all members: writes this node's, and comes to have those of others, from whoever has them. Each says in its
 * status what it has; where that differs, it is asked for the rest.
 */
export class Receipts {
  /** Members all of whose receipts have been here since this process began. */
  private readonly inStep = new Set<string>();
  private readonly control = new AbortController();

  constructor(private readonly components: ReceiptsComponents) {
    const { transport, peers, log } = components;
    transport.handle(RECEIPTS_PROTOCOL, (channel) => this.answer(channel));
    SECTION.say(peers, () => ({ print: this.print() }));
    const failed = (peerId: string, err: unknown): void => {
      if (!this.control.signal.aborted) log.info({ err, peerId }, 'receipts not read');
    };
    SECTION.follow(peers, log, (peerId, { print }) => this.follow(peerId, print), failed);
  }

  stop(): void {
    this.control.abort(new DfsError('shutting-down', 'The node is shutting down.'));
  }

  /** Whether this node has had all receipts that the member had, its own of earlier days among them. */
  isInStep(peerId: string): boolean {
    return this.inStep.has(peerId);
  }

  /** Signs what this node has purged and kept, in as many receipts as it takes, within the unit of work that does it. */
  async write(tx: Tx, purged: readonly string[], kept: readonly string[]): Promise<void> {
    const { store, signer, clock, membership, peers } = this.components;
    const all = [...purged.map((id) => ({ id, isKept: false })), ...kept.map((id) => ({ id, isKept: true }))];
    const receipts: StoredReceipt[] = [];
    for (const part of slices(all, MAX_DELETIONS_PER_RECEIPT)) {
      const before = receipts.at(-1)?.receipt.time ?? store.newest(signer.peerId);
      const signed = signReceipt(signer, {
        network: membership.networkId,
        time: Math.max(before + 1, clock.now()),
        purged: part.filter(({ isKept }) => !isKept).map(({ id }) => id),
        kept: part.filter(({ isKept }) => isKept).map(({ id }) => id),
      });
      receipts.push({ receipt: parseReceipt(signed.body), signed });
    }
    if (receipts.length === 0) return;
    await store.add(tx, receipts);
    tx.afterCommit(() => peers.nudge());
  }

  /** Forgets all: they are of another network. */
  async clear(tx: Tx): Promise<void> {
    await this.components.store.clear(tx);
    tx.afterCommit(() => this.inStep.clear());
  }

  private isMember(peerId: string): boolean {
    return this.components.membership.isMember(peerId);
  }

  private print(): Uint8Array {
    return printOfMarks(this.components.store.marks((peerId) => this.isMember(peerId)));
  }

  private async follow(peerId: string, print: Uint8Array): Promise<void> {
    if (Buffer.compare(print, this.print()) !== 0) await this.read(peerId);
    this.inStep.add(peerId);
  }

  private async read(peerId: string): Promise<void> {
    const { transport, store, peers } = this.components;
    const marks = store.marks((author) => this.isMember(author));
    const header = receiptsRequest.form({ method: 'receipts' }) ?? null;
    const options = { payload: packReceiptMarks(marks), signal: this.control.signal };
    let added = 0;
    for await (const frame of request(transport, peerId, RECEIPTS_PROTOCOL, header, options)) {
      receiptsFrame.parse(frame.header, 'answer');
      added += await this.receive(unpackRecords(frame.payload), peerId);
    }
    if (added > 0) peers.nudge();
  }

  /** @returns how many were new */
  private async receive(signed: readonly SignedRecord[], from: string): Promise<number> {
    const { db, store, membership } = this.components;
    const fresh: StoredReceipt[] = [];
    for (const { body, signature } of signed) {
      // Copied: the bytes belong to a buffer of the transport.
      const copy = { body: Uint8Array.from(body), signature: Uint8Array.from(signature) };
      const receipt = this.parse(copy.body, from);
      if (receipt === undefined) continue;
      if (receipt.network !== membership.networkId) throw misbehaved(from, 'of another network');
      if (!this.isMember(receipt.author) || receipt.time <= store.newest(receipt.author)) continue;
      if (!(await verifyReceipt(copy, receipt.author))) throw misbehaved(from, 'with a wrong signature');
      fresh.push({ receipt, signed: copy });
    }
    if (fresh.length === 0) return 0;
    return db.write((tx) => store.add(tx, fresh));
  }

  /** One of a later release is passed over, and does not keep the others away. */
  private parse(body: Uint8Array, from: string): Receipt | undefined {
    try {
      return parseReceipt(body);
    } catch (error) {
      this.components.log.debug({ err: error, peerId: from }, 'a receipt that cannot be read');
      return undefined;
    }
  }

  private async answer(channel: Channel): Promise<void> {
    const { store } = this.components;
    const { header, payload } = await firstFrame(channel);
    receiptsRequest.parse(header, 'request');
    const known = new Map(unpackReceiptMarks(payload).map(({ author, time }) => [author, time]));
    const frames = new FrameWriter<SignedRecord>(FRAMES, (receipts) =>
      channel.send(receiptsFrame.form({ t: 'receipts' }) ?? null, packRecords(receipts)),
    );
    for (const { author, time } of store.marks((peerId) => this.isMember(peerId))) {
      const after = known.get(author) ?? 0;
      if (time <= after) continue;
      for await (const receipt of store.since(author, after)) await frames.add(receipt);
    }
    await frames.end();
  }
}

function misbehaved(peerId: string, what: string): DfsError {
  return new DfsError('peer-misbehaved', `${peerId} passed on a receipt ${what}.`);
}
