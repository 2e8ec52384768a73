import type { Tx } from '@dfs/database';
import type { Timers } from '@dfs/runtime';
import { BlockServer, Fetchers, RequestSlots, requestsWithin, Transfers } from '@dfs/transfer';
import { Arrivals } from './ahead/arrivals.js';
import { SmallContents } from './ahead/small-contents.js';
import { Freeing } from './keep/freeing.js';
import type { Wishes } from './keep/wishes.js';
import { HolderFinder } from './pins/holder-finder.js';
import type { MemberPins } from './pins/member-pins.js';
import { PinExchange } from './pins/pin-exchange.js';
import type { PinLog, PinnedExtent } from './pins/pin-log.js';
import { PinServer } from './pins/pin-server.js';
import { Promises } from './pins/promises.js';
import { MembersNow } from './plan/members-now.js';
import type { PlacementComponents } from './ports.js';
import { ContentFetch } from './read/content-fetch.js';
import { ContentsHere } from './read/contents-here.js';
import { FoundContents, type FoundContentsComponents } from './release/found-contents.js';
import { GivingWay } from './release/giving-way.js';
import { Handoff } from './release/handoff.js';
import { Reclaimer } from './release/reclaimer.js';
import { Drains } from './removal/drain.js';
import { FoundPromises } from './repair/found-promises.js';
import { Healer } from './repair/healer.js';
import { TakingBack } from './repair/taking-back.js';
import { ExtentCounts } from './replicate/find-wants.js';
import { Headroom } from './replicate/headroom.js';
import { RepairBudget } from './replicate/repair-budget.js';
import { Replicator } from './replicate/replicator.js';
import { ReplicationEvents } from './status/replication-events.js';
import { ReplicationStatus } from './status/replication-status.js';

/** How a node is to go about it; each as shipped where it is left out. */
export interface PlacementOptions {
  /** Bytes a second, and at once, for repair of what has copies left: as RepairBudget. */
  repairRate?: number;
  repairBurst?: number;
  /** Extents of such content that are queued at a time. */
  mostWaiting?: number;
  /** Sends large uploads ahead to members that will hold them anyway. Not when left out: see decision 0013. */
  sendsAhead?: boolean;
  /** By which it is measured how long ago something came ahead of its record; those of the process when left out. */
  timers?: Timers;
  /** As Scanner has it. */
  calmMs?: number;
  /** How long a drain waits for copies of old versions at those that may have purged them. */
  oldPatienceMs?: number;
}

/** Parts that those of one Placement share, besides the layers below. */
export interface PartsContext {
  pins: PinLog;
  holdings: MemberPins;
  wishes: Wishes;
  /** Ends all fetching. */
  signal: AbortSignal;
  /** Promises extents that are whole here, unless they were purged meanwhile. */
  pin: (tx: Tx, extents: readonly PinnedExtent[]) => Promise<void>;
  /** Promises contents that are whole here. */
  pinLocal: FoundContentsComponents['pin'];
  /** Members came or went, or have more or less room. */
  membersChanged: () => void;
}

/** The parts of one Placement. */
export type PlacementParts = ReturnType<typeof makeParts>;

/** Makes the parts, each with what it names. Nothing runs yet. */
export function makeParts(components: PlacementComponents, context: PartsContext, options: PlacementOptions) {
  const { db, events, chunks, transport, peers, membership, dht, catalogue, past, clock, log } = components;
  const { pins, holdings, wishes, signal, pin, membersChanged } = context;
  const self = membership.self().peerId;
  const isFull = (): boolean => room.isFull();
  const isUnderWay: Replicator['isUnderWay'] = (id) => replicator.isUnderWay(id);

  const transfers = new Transfers({ events, clock, log });
  const room: Headroom = new Headroom({ chunks, log, onChange: () => peers.nudge() });
  const network = new MembersNow({
    ...{ membership, peers, holdings, isFull },
    leaving: () => drains.leaving(),
    capacity: () => pins.capacity,
  });
  const counts = new ExtentCounts(db);
  const drains: Drains = new Drains({
    ...{ peers, membership, holdings, network, catalogue, log },
    onChanged: membersChanged,
    oldPatienceMs: options.oldPatienceMs,
  });
  const finder = new HolderFinder({ holdings, network, membership, transport, dht, clock, log });

  const view: ReplicationStatus = new ReplicationStatus({
    ...{ holdings, counts, network, peers },
    isNews: (content) => watch.isNews(content),
  });
  const watch: ReplicationEvents = new ReplicationEvents({
    ...{ events, clock, log },
    replication: (contents) => view.of(contents),
  });

  const slots = new RequestSlots(() => requestsWithin(transport.limits().receive ?? Infinity));
  const gatherings = new Fetchers();
  const fetching = { transport, slots, gatherings, self, others: () => network.others(), log };
  const arrivals = new Arrivals({ ...fetching, db, chunks, network, membership, room, timers: options.timers });
  const offers = { transport, network, gatherings, signal, isOn: options.sendsAhead ?? false, log };
  const smallContents = new SmallContents({ peers, network, chunks, room, pin: context.pinLocal, signal, log });
  const replicator: Replicator = new Replicator({
    ...fetching,
    arrivals,
    ...{ db, chunks, catalogue, holdings, network, counts, finder, wishes, room, transfers, pin },
    budget: new RepairBudget(options.repairRate, options.repairBurst),
    mostWaiting: options.mostWaiting,
    calmMs: options.calmMs,
    counted: (content) => {
      watch.changed([content]);
      view.changed([content]);
    },
    pathOf: (content) => watch.pathOf(content),
  });
  const reading = new ContentFetch({ ...fetching, db, chunks, finder, replicator, arrivals, transfers, signal });
  const here = new ContentsHere({ chunks, replicator, arrivals, signal });

  const damage = new Healer({
    ...{ db, chunks, pins, catalogue, holdings, network, transport, events, pin, log },
    onDropped: () => replicator.rescan(),
  });
  const takingBack = new TakingBack({ db, chunks, pins, catalogue, holdings, network, pin, log });
  const foundPromises = new FoundPromises({ db, chunks, catalogue, pin, log });

  const live = { pins, catalogue, holdings, network, isUnderWay };
  const reclaimer = new Reclaimer({ ...live, chunks, room, clock, log });
  const found = new FoundContents({ ...live, chunks, pin: context.pinLocal }, signal);
  const freeing = new Freeing({ ...live, chunks, counts, log }, signal);
  const exchange = new PinExchange({
    ...{ pins, holdings, peers, transport, isFull, log },
    onMemberChanged: membersChanged,
  });
  // Of a node that runs twice, the other run may let go of what this one promises.
  const mayPromise = (): boolean => peers.cloneProblem?.() === undefined;
  const promises = new Promises({ db, pins, chunks, clock, mayPromise });
  const releasing = { db, pins, promises, holdings, wishes, network, transport, dht, log };
  const lettingGo = new Handoff({ ...releasing, graceMs: () => membership.settings().graceMs });
  const givingWay = new GivingWay({
    ...releasing,
    ...{ past, catalogue, chunks, room },
    reclaim: () => reclaimer.run(0),
  });
  const server = new BlockServer({
    ...{ transport, chunks, gatherings, log },
    pins: new PinServer({ pins, promises, log }),
    isWhole: (content, extent) => pins.isPinned(content, extent),
  });
  const others = [reclaimer, lettingGo, givingWay, takingBack, foundPromises, watch];
  return {
    /** Recurring work, besides that of the replicator. */
    background: [room, arrivals, exchange, damage, ...others],
    ...{ transfers, room, network, counts, drains, finder, view, watch, replicator, reading, here, damage, takingBack },
    ...{
      arrivals,
      offers,
      smallContents,
      foundPromises,
      reclaimer,
      found,
      freeing,
      exchange,
      promises,
      lettingGo,
      givingWay,
      server,
    },
  };
}
