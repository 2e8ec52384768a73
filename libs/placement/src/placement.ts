import type { PlacementStatus } from './status/placement-status.js';
import type { ContentStanding } from './status/replication-state.js';
import type { ReplicationStatus } from './status/replication-status.js';
import type { BlockBatch, PastBytes, Reclaimed } from '@dfs/chunks';
import type { HolderList, Replication } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { cidToBytes, type Cid } from '@dfs/protocol';
import { DfsError, Recurring, stopping, type Ran, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import { type Transfers } from '@dfs/transfer';
import type { SmallContents } from './ahead/small-contents.js';
import { offered, type OfferedBatch } from './ahead/offer.js';
import { extentKey, extentsOf, isEmpty, isLarge } from './plan/extents.js';
import { Wishes } from './keep/wishes.js';
import { MemberPins } from './pins/member-pins.js';
import type { NamedContents } from './pins/waiting-pins.js';
import { refuseLastCopy } from './removal/last-copy.js';
import { leaveBehind } from './release/unpin-on-join.js';
import { LIVENESS_CHECK, SETTLE_TIME } from './limits.js';
import type { ContentChange, ContentRef, PlacementComponents } from './ports.js';
import { pinThose } from './repair/repin.js';
import { areWhole } from './pins/extent-blocks.js';
import { PinLog, type PinnedExtent, type PinState } from './pins/pin-log.js';
import { gatherPromises, type Asked } from './pins/promises.js';
import type { ChunkPage, FetchOptions } from './read/content-fetch.js';
import type { ContentsHere } from './read/contents-here.js';
import { type FoundContents } from './release/found-contents.js';
import { makeParts, type PartsContext, type PlacementOptions, type PlacementParts } from './parts.js';
import { capacityClass } from './replicate/headroom.js';

/** Extents that were promised once, and may still be here. */
const NOT_PROMISED: readonly PinState[] = ['dropped', 'releasing', 'letGo', 'gaveWay'];

/** The part of the view of states that keepers of many contents need. */
export type ContentStates = Pick<ReplicationStatus, 'setsOf' | 'look' | 'onChange'>;

/** Placement of extents, and bytes for readers: hides the network from files. */
export class Placement {
  /** Running and recent movements of bytes; uploads are tracked here by those who take them in. */
  readonly transfers: Transfers;
  /** Contents on this disk that no record names. */
  readonly found: FoundContents;
  /** Contents of small files, which go and come with their records. */
  readonly smallContents: SmallContents;
  private readonly control = new AbortController();
  private readonly parts: PlacementParts;
  private readonly unsubscribe: Unsubscribe[] = [];
  private readonly watching: Recurring;
  private liveness = '';

  private constructor(
    private readonly components: PlacementComponents,
    private readonly pins: PinLog,
    private readonly holdings: MemberPins,
    private readonly wishes: Wishes,
    options: PlacementOptions,
  ) {
    const context: PartsContext = {
      ...{ pins, holdings, wishes, signal: this.control.signal },
      pin: (tx, extents) => this.pinKept(tx, extents),
      pinLocal: (tx, contents) => this.pinLocal(tx, contents),
      membersChanged: () => this.membersChanged(),
    };
    this.parts = makeParts(components, context, options);
    ({ transfers: this.transfers, found: this.found, smallContents: this.smallContents } = this.parts);
    for (const part of [this.parts.server, this.parts.arrivals, this.smallContents]) part.start();
    this.watching = new Recurring(
      {
        name: 'see who counts',
        every: LIVENESS_CHECK,
        failed: 'it could not be seen who counts',
        run: async () => this.checkLiveness(),
      },
      { log: components.log },
    );
  }

  /** Reads what is known of pins and holders, and answers peers from now on. Nothing is fetched before `start`. */
  static async open(components: PlacementComponents, options: PlacementOptions = {}): Promise<Placement> {
    const { db, chunks, membership, catalogue, current, renewPins, log } = components;
    const pins = await PinLog.open(db, capacityClass(chunks.usage().quotaBytes), renewPins, log);
    const named: NamedContents = (contents, reader) => catalogue.named(contents, reader);
    const holdings = await MemberPins.open(db, membership.self().peerId, named, log);
    const wishes = await Wishes.open(db, current);
    const placement = new Placement(components, pins, holdings, wishes, options);
    placement.listen();
    return placement;
  }

  /** Begins to pull what should be here, and to heal. */
  start(): void {
    this.parts.room.start();
    this.parts.damage.start();
    this.parts.replicator.start();
    this.parts.reclaimer.start();
    this.parts.lettingGo.start();
    this.parts.givingWay.start();
    this.parts.takingBack.soon();
    this.parts.foundPromises.named();
    this.liveness = this.livenessNow();
    this.watching.start();
  }

  /** Ends all fetching, and waits for what is being committed. */
  async stop(): Promise<void> {
    this.control.abort(stopping());
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    await Promise.all([
      this.watching.stop(),
      this.parts.replicator.stop(),
      ...this.parts.background.map((part) => part.stop()),
      this.parts.reading.ended(),
      this.parts.freeing.ended(),
    ]);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    const { replicator, background } = this.parts;
    return [this.watching.status(), ...replicator.work(), ...background.map((part) => part.work())];
  }

  /** Contents that this node has just stored whole, in the unit of work that commits their blocks. */
  async pinLocal(tx: Tx, contents: readonly { contentId: Cid; size: number; chunkCount: number }[]): Promise<void> {
    const filled = contents.filter(({ contentId }) => !isEmpty(contentId));
    const large = filled.filter(({ size }) => isLarge(size));
    const counted = large.map(({ contentId, chunkCount }) => [cidToBytes(contentId), extentsOf(chunkCount)]);
    await tx.insertMany('placement_large', ['content', 'extents'], counted, 'ignore');
    const extents = filled.flatMap(({ contentId, size, chunkCount }) =>
      Array.from({ length: extentsOf(chunkCount) }, (_, extent) => ({ content: contentId, size, extent })),
    );
    await this.pin(tx, extents);
  }

  /** The blocks of an upload, of which members that will hold the file anyway are told while they come. */
  offered(batch: BlockBatch): OfferedBatch {
    return offered(this.parts.offers, batch);
  }

  /**
   * Bytes of a content, verified and in order, from here or from whoever has them. A piece stays as it is until the next
   * one is asked for. Leaving the loop ends all fetching.
   * @throws DfsError `content-unavailable` when nobody who can be reached has them; `aborted`
   */
  fetch(content: Cid, size: number, options: FetchOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return this.parts.reading.fetch(content, size, options);
  }

  /** Contents as far as this node has them, or is about to: for acts over many, or large ones, that read no other member. */
  get here(): ContentsHere {
    return this.parts.here;
  }

  /** Copies and states of any number of contents, a page of a thousand in three queries at most. */
  replication(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, Replication>> {
    return this.parts.view.of(contents);
  }

  /** Holder sets of contents, and what they mean: for those who keep those of many contents. */
  get states(): ContentStates {
    return this.parts.view;
  }

  /** The same, and how much of each content this node keeps. */
  standings(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, ContentStanding>> {
    return this.parts.view.standings(contents);
  }

  /** The holders of each extent. */
  holders(content: Cid, size: number): Promise<HolderList> {
    return this.parts.view.holders(content, size);
  }

  /**
   * Chunks of a content in order. `after` is what the page before gave as `next`: the offset of the next chunk.
   * @throws DfsError `content-unavailable` when its manifest is not here and nobody has it
   */
  chunkList(content: Cid, size: number, options: { after?: number; limit: number }): Promise<ChunkPage> {
    return this.parts.reading.chunkList(content, size, options);
  }

  /** Members that sent wrong bytes, and of how many contents: their copies of these do not count for now. */
  doubts(): Promise<{ peerId: string; contents: number }[]> {
    return this.holdings.doubts(this.components.clock.now());
  }

  /** How placement is doing, for health and metrics. */
  status(): PlacementStatus {
    return {
      sentBytes: this.parts.server.sentBytes,
      full: this.parts.room.isFull(),
      wanted: this.parts.replicator.wanted,
      damaged: this.parts.damage.count,
      ahead: this.parts.arrivals.status(),
      reclaimed: this.parts.reclaimer.status(),
      lettingGo: this.parts.lettingGo.status(),
      givingWay: this.parts.givingWay.status(),
    };
  }

  /**
   * Frees what no pin needs; it is done by itself now and then.
   * @param graceMs keeps what was still needed so recently; by itself a day, less when room is short
   */
  reclaim(graceMs?: number): Promise<Reclaimed> {
    return this.parts.reclaimer.run(graceMs);
  }

  /** Bytes of deleted files and of past versions, which give way where room is short; as of a moment ago. */
  pastBytes(): PastBytes {
    return this.parts.givingWay.bytes();
  }

  /** Lets go of these contents here, as far as only past versions need them; their last copies too. @returns bytes that went */
  letGoOf(contents: readonly Cid[]): Promise<number> {
    return this.parts.givingWay.letGoOf(contents);
  }

  /** Promises these contents no longer: no version needs them. They are cache from now on. */
  async release(tx: Tx, contents: readonly Cid[]): Promise<void> {
    const extents = await this.pins.of(contents, ['promised', 'releasing'], tx);
    await this.pins.drop(tx, extents);
    const provided = [...new Set(extents.map(({ content }) => content))];
    if (provided.length > 0) await this.components.dht?.withdraw(provided, tx);
  }

  /** Which of these contents this node has promised others to keep for now. */
  promised(tx: Tx, contents: readonly Cid[]): Promise<Set<Cid>> {
    return this.parts.promises.outstanding(tx, contents);
  }

  /** Promises again what this node promised once of these contents, as far as it is still here. */
  async keepAgain(contents: readonly Cid[]): Promise<void> {
    const { db, chunks } = this.components;
    const extents = await this.pins.of(contents, NOT_PROMISED);
    const pin = (tx: Tx, whole: readonly PinnedExtent[]): Promise<void> => this.pinKept(tx, whole);
    await pinThose({ db, chunks, pin }, extents, this.control.signal);
  }

  /**
   * Has this node do at once what it does by itself for a content: get what it should hold and lacks, heal what is damaged,
   * and promise again what is still here, where there are too few copies.
   */
  async repair(ref: ContentRef): Promise<void> {
    const state = (await this.replication([ref])).get(ref.contentId)?.state;
    this.parts.damage.tryAgain();
    if (state !== 'safe') await this.keepAgain([ref.contentId]);
    this.parts.finder.hint(ref.contentId, ref.author);
    this.parts.replicator.heardOf([ref]);
  }

  /**
   * Keeps what a path shows here from now on, whatever placement gives to this node. It is got at once where it is not here;
   * `standings` tell how far that is. The wish belongs to the path, and follows its new versions.
   */
  async keep(path: string, ref: ContentRef): Promise<void> {
    await this.wishes.add(path, this.components.clock.now());
    this.parts.replicator.heardOf([ref]);
  }

  /** Those of these paths that a person wants here. */
  kept(paths: readonly string[]): Promise<Set<string>> {
    return this.wishes.of(paths);
  }

  /**
   * Takes the wish back, and frees at once what is here of the content beyond the share of this node: what it keeps for the
   * network goes once enough members have promised it, by itself later where they cannot now.
   * @throws DfsError `placed-here` where this node is one of those that should keep it
   */
  async free(path: string, { contentId: content, size }: ContentRef): Promise<void> {
    await this.wishes.remove(path);
    if (isEmpty(content) || (await this.wishes.among([content])).has(content)) return;
    const mine = await this.pins.of([content], ['promised']);
    await this.parts.lettingGo.letGoOf(mine);
    const holders = (await this.holdings.holders([content])).get(content);
    const now = this.parts.network.now();
    const isPlaced = ({ extent }: PinnedExtent): boolean =>
      now.shouldHold(now.self, content, extent, holders?.get(extent) ?? []);
    const left = await this.pins.of([content], ['promised']);
    await this.parts.freeing.drop(content, size);
    if (left.some(isPlaced)) {
      throw new DfsError(
        'placed-here',
        'This node is one of those that keep this file for the network, so it stays here. Nothing else keeps it here any more.',
      );
    }
  }

  /** Whether this node keeps a content whole, or enough members that it can reach: these are asked, and promise it anew. */
  async isPromised(content: Cid, size: number): Promise<boolean> {
    const { self, target, reachable } = this.parts.network.now();
    const { extents } = await this.parts.view.holders(content, size);
    if (extents.every(({ holders }) => holders.some(({ peerId }) => peerId === self))) return true;
    const pins = extents.map(({ index, holders }) => ({
      pin: { content, extent: index, size },
      members: holders.map(({ peerId }) => peerId).filter((peerId) => peerId !== self && reachable.has(peerId)),
    }));
    if (pins.some(({ members }) => members.length < target)) return false;
    const { transport, log } = this.components;
    const promised = await gatherPromises({ transport, log }, pins, this.control.signal);
    const count = ({ pin, members }: Asked): number =>
      members.filter((peerId) => promised.get(peerId)?.has(extentKey(pin.content, pin.extent))).length;
    return pins.every((asked) => count(asked) >= target);
  }

  /** Whether somebody promises all of a content, here or not, or this node has it as cache of what it promised once. */
  async isHad(content: Cid, size: number): Promise<boolean> {
    const { chunks } = this.components;
    const { extents } = await this.parts.view.holders(content, size);
    if (extents.every(({ holders }) => holders.length > 0)) return true;
    const dropped = await this.pins.of([content], NOT_PROMISED);
    return dropped.length === extents.length && areWhole({ chunks }, dropped, this.control.signal);
  }

  /** Contents purged meanwhile are not promised anew. */
  private async pinKept(tx: Tx, extents: readonly PinnedExtent[]): Promise<void> {
    const purged = await this.components.catalogue.purged([...new Set(extents.map(({ content }) => content))], tx);
    await this.pin(
      tx,
      extents.filter(({ content }) => !purged.has(content)),
    );
  }

  private async pin(tx: Tx, extents: readonly PinnedExtent[]): Promise<void> {
    this.parts.replicator.pinned(tx, extents);
    await this.pins.add(tx, extents);
    const contents = [...new Set(extents.map(({ content }) => content))];
    if (contents.length > 0) await this.components.dht?.provide(contents, tx);
  }

  private listen(): void {
    const { catalogue, peers, membership } = this.components;
    this.parts.exchange.start();
    this.parts.drains.start();
    this.pins.onEntries((pins) => this.holdersChanged(pins.map(({ content }) => content)));
    this.unsubscribe.push(
      catalogue.onChange((changes) => this.contentsChanged(changes)),
      catalogue.onUnshown((refs) => {
        this.parts.exchange.contentsNamed(refs.map(({ contentId }) => contentId));
        this.parts.replicator.heardOfUnshown(refs);
      }),
      this.holdings.onLearned((_, contents) => {
        this.holdersChanged(contents);
        this.parts.replicator.holdersLearned(contents);
      }),
      this.holdings.onVoided(() => {
        this.parts.watch.changed();
        this.parts.view.changed('all');
      }),
      peers.onReady(() => this.membersChanged()),
      peers.onGone(() => this.statesChanged()),
      membership.onChange(() => this.membershipChanged()),
    );
    peers.onNetworkChanged(async (tx, from, to) => {
      await this.holdings.keepOnlyIn(tx, new Set());
      if (from !== to) await leaveBehind({ ...this.components, pins: this.pins }, tx);
    });
    const { counts, network } = this.parts;
    const shared = { ...this.components, holdings: this.holdings, counts, network };
    peers.beforeRemove(async (peerId, options) => {
      const signal = AbortSignal.any([this.control.signal, ...(options.signal ? [options.signal] : [])]);
      if (options.isResumed) await this.parts.drains.isBack(peerId, signal);
      await this.parts.exchange.refresh(this.parts.network.others());
      if (options.drain) await this.parts.drains.empty(peerId, signal, options.onLeft);
      await refuseLastCopy(shared, peerId, options);
    });
  }

  private contentsChanged(changes: readonly ContentChange[]): void {
    this.parts.watch.follow(changes);
    const refs = changes.flatMap(({ contentId, size, author }) => (contentId ? [{ contentId, size, author }] : []));
    for (const { contentId, author } of refs) this.parts.finder.hint(contentId, author);
    this.parts.replicator.heardOf(refs);
    this.parts.foundPromises.named();
    this.parts.exchange.contentsNamed(refs.map(({ contentId }) => contentId));
  }

  private membershipChanged(): void {
    const members = new Set(this.components.membership.members().map(({ peerId }) => peerId));
    this.holdings.keepOnly(members).catch((error: unknown) => {
      this.components.log.error({ err: error }, 'holdings of former members could not be forgotten');
    });
    this.membersChanged();
  }

  private membersChanged(): void {
    const liveness = this.livenessNow();
    this.parts.damage.tryAgain();
    this.parts.takingBack.soon();
    if (liveness === this.liveness) this.parts.replicator.rescan();
    else this.parts.replicator.letSettle(Math.min(SETTLE_TIME, this.components.membership.settings().graceMs));
    this.liveness = liveness;
    this.statesChanged();
  }

  /** Members came or went: the holders are the same, and mean something else. */
  private statesChanged(): void {
    this.parts.watch.changed();
    this.parts.view.changed([]);
  }

  private holdersChanged(contents: readonly Cid[]): void {
    this.parts.watch.changed(contents);
    this.parts.view.changed(contents);
  }

  /** Grace runs out without anybody saying so; so does a quota change. */
  private checkLiveness(): Ran {
    const capacity = capacityClass(this.components.chunks.usage().quotaBytes, this.pins.capacity);
    if (capacity !== this.pins.capacity) {
      this.pins.setCapacity(capacity).then(
        () => this.components.peers.nudge(),
        (error: unknown) => this.components.log.warn({ err: error }, 'the capacity class was not stored'),
      );
    }
    if (this.livenessNow() !== this.liveness) this.membersChanged();
    return 'idle';
  }

  private livenessNow(): string {
    const { live, willing, target } = this.parts.network.now();
    return `${[...live].sort().join()} ${[...willing].sort().join()} ${target}`;
  }
}
