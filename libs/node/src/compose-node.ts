import { Catalogue, CatalogueSync, CurrentRows, type CatalogueComponents } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import { ProvideQueue } from '@dfs/dht';
import type { EventLog } from '@dfs/events';
import { Membership, Peers, type MembershipOptions, type PeersOptions } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import type { Signer } from '@dfs/protocol';
import { Purge } from '@dfs/purge';
import { SleepWatch, type Clock, type Log } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';

/** The parts that a node is composed of: the layers below, open, and how this node differs from others. */
export interface NodePorts {
  db: Database;
  events: EventLog;
  chunks: ChunkStore;
  transport: Transport;
  /** The node's identity. */
  signer: Signer;
  clock: Clock;
  log: Log;
  membership: Omit<MembershipOptions, 'mustSync'>;
  peers: PeersOptions;
  /** Left out on a network without a DHT. */
  dht?: { enabled: boolean };
  /** The database may not be the newest this node had: it draws its conclusions before it promises or writes anything. */
  mayBeOld?: boolean;
  /** As the catalogue has it. */
  stopwatch?: CatalogueComponents['stopwatch'];
}

/** Something that runs by itself while the node is up. */
export interface Step {
  name: string;
  /** @param signal ends what would wait for others */
  start(signal: AbortSignal): unknown;
  stop(): unknown;
}

/** The layers of one node. */
export interface NodeParts {
  /** Tells when the machine slept, or its clock was set. */
  sleep: SleepWatch;
  membership: Membership;
  peers: Peers;
  dht: ProvideQueue | undefined;
  catalogue: Catalogue;
  sync: CatalogueSync;
  placement: Placement;
  purge: Purge;
  /** In the order in which they start; they stop in the other one. */
  steps: Step[];
}

/** Makes all layers of a node. They answer each other, and peers once the steps have started; nothing runs before. */
export async function composeNode(ports: NodePorts): Promise<NodeParts> {
  const { db, events, chunks, transport, signer, clock, log, mayBeOld = false } = ports;
  const membership = await Membership.open(
    { db, events, signer, clock, log },
    { ...ports.membership, mustSync: mayBeOld },
  );
  const sleep = new SleepWatch({ clock, log });
  const peers = new Peers({ db, events, transport, membership, clock, sleep, log }, ports.peers);
  const dht = ports.dht && new ProvideQueue({ db, transport, log, clock }, ports.dht);
  const catalogue = await Catalogue.open({
    ...{ db, events, signer, membership, clock, log },
    ...(ports.stopwatch && { stopwatch: ports.stopwatch }),
    clockProblem: () => peers.clockProblem(),
    refusal: () => peers.writeRefusal(),
    isClockConfirmed: () => peers.isClockConfirmed,
  });
  const sync = new CatalogueSync({ catalogue, transport, peers, events, log });
  const placement = await Placement.open({
    ...{ db, events, chunks, transport, peers, membership, catalogue, clock, log },
    // Where it is off, too: it keeps what is to be provided once it is on.
    ...(dht && { dht }),
    current: new CurrentRows(db),
    past: catalogue.retention,
    renewPins: mayBeOld,
  });
  sync.setSmallContents(placement.smallContents);
  const purge = await Purge.open({
    ...{ db, transport, peers, membership, signer, clock, log, retention: catalogue.retention },
    release: (tx, contents) => placement.release(tx, contents),
    promised: (tx, contents) => placement.promised(tx, contents),
    onDeleted: (listener) => catalogue.onChange((changes) => changes.some(({ deleted }) => deleted) && listener()),
    comparedWithin: (peerId, ms) => sync.comparedWithin(peerId, ms),
  });
  // Each network has a table of its own.
  peers.onNetworkChanged(async (tx, _from, to) => {
    const failed = (error: unknown): void => log.error({ err: error }, 'the DHT of the new network did not start');
    tx.afterCommit(() => void dht?.start(to).catch(failed));
  });
  const steps = [
    { name: 'catalogue', start: () => undefined, stop: () => catalogue.close() },
    { name: 'sleep watch', start: () => sleep.start(), stop: () => sleep.stop() },
    { name: 'transport', start: () => transport.start(), stop: () => transport.stop() },
    ...(dht ? [{ name: 'dht', start: () => dht.start(membership.networkId), stop: () => dht.stop() }] : []),
    // Those that listen to peers are there before the first peer comes.
    { name: 'placement', start: () => placement.start(), stop: () => placement.stop() },
    { name: 'sync', start: () => sync.start(), stop: () => sync.stop() },
    { name: 'peers', start: () => peers.start(), stop: () => peers.stop() },
    { name: 'purge', start: () => purge.start(), stop: () => purge.stop() },
  ];
  return { sleep, membership, peers, dht, catalogue, sync, placement, purge, steps };
}

/** Starts them one after another. `started` is told of each, so that what has started can be stopped where one fails. */
export async function startSteps(
  steps: readonly Step[],
  signal: AbortSignal,
  started: (step: Step) => void = () => undefined,
): Promise<void> {
  for (const step of steps) {
    await step.start(signal);
    started(step);
  }
}

/**
 * Stops what has started, the last first. A layer that fails to stop is logged, and does not keep the others from
 * stopping.
 */
export async function stopSteps(started: readonly Step[], log: Log): Promise<void> {
  for (const step of [...started].reverse()) {
    try {
      await step.stop();
    } catch (error) {
      log.error({ err: error, step: step.name }, 'a part did not stop in good order');
    }
  }
}
