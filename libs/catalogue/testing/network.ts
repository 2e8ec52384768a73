import type { MemberRole } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import type { Unsubscribe } from '@dfs/runtime';
import { eventually, TestSections } from '@dfs/testing';
import { MemoryNetwork, type MemoryTransport } from '@dfs/transport';
import {
  CatalogueSync,
  type CatalogueSyncOptions,
  type JoinPlan,
  type NetworkChanges,
  type SyncPeers,
} from '../src/index.js';
import { MANY_AUTHOR } from './many.js';
import { testNode, testSigner, type TestNode, type TestNodeOptions } from './nodes.js';

/** The test decides which members are connected; statuses arrive when a node is nudged, or the test says so. */
export class TestPeers extends TestSections implements SyncPeers, NetworkChanges {
  readonly others = new Set<TestPeers>();
  private readonly ready = new Set<(peerId: string) => void>();
  private readonly away = new Set<(peerId: string) => void>();
  readonly joinGuards: ((plan: JoinPlan) => Promise<void>)[] = [];
  readonly joined: (() => Promise<void>)[] = [];
  lastRecordOf: (peerId: string) => Promise<string | null> = () => Promise.resolve(null);
  readonly networkListeners: ((tx: Tx, from: string, to: string, role: MemberRole) => Promise<void>)[] = [];
  nudges = 0;

  connected(): string[] {
    return [...this.others].map((other) => other.peerId);
  }

  onReady(fn: (peerId: string) => void): Unsubscribe {
    this.ready.add(fn);
    return () => this.ready.delete(fn);
  }

  onGone(fn: (peerId: string) => void): Unsubscribe {
    this.away.add(fn);
    return () => this.away.delete(fn);
  }

  nudge(): void {
    this.nudges++;
    this.tellStatus();
  }

  beforeJoin(fn: (plan: JoinPlan) => Promise<void>): void {
    this.joinGuards.push(fn);
  }

  afterJoin(fn: () => Promise<void>): void {
    this.joined.push(fn);
  }

  setLastRecordOf(fn: (peerId: string) => Promise<string | null>): void {
    this.lastRecordOf = fn;
  }

  onNetworkChanged(fn: (tx: Tx, from: string, to: string, role: MemberRole) => Promise<void>): void {
    this.networkListeners.push(fn);
  }

  tellStatus(): void {
    this.tell(this.others);
  }

  meet(other: TestPeers): void {
    if (this.others.has(other)) return;
    this.others.add(other);
    other.others.add(this);
    for (const fn of this.ready) fn(other.peerId);
    for (const fn of other.ready) fn(this.peerId);
  }

  part(other: TestPeers): void {
    if (!this.others.delete(other)) return;
    other.others.delete(this);
    for (const fn of this.away) fn(other.peerId);
    for (const fn of other.away) fn(this.peerId);
  }
}

export interface SyncedNode extends TestNode {
  peers: TestPeers;
  transport: MemoryTransport;
  sync: CatalogueSync;
}

export interface TestNetwork extends AsyncDisposable {
  network: MemoryNetwork;
  nodes: SyncedNode[];
  /** Connects all nodes of each group with each other, and cuts every other connection. */
  groups(...groups: SyncedNode[][]): void;
  /** Every node tells the others what it has, once. */
  heartbeat(): void;
  converged(nodes?: readonly SyncedNode[]): Promise<void>;
}

/** The file with which the nth node begins. */
type CopyOf = (nth: number) => string | undefined;

const QUICK: CatalogueSyncOptions = { settleMs: 20, retryMs: 20, nudgeMs: 20 };

/** Nodes that are all members, not connected yet. */
export async function testNetwork(
  count: number,
  options: Omit<TestNodeOptions, 'copyOf'> & CatalogueSyncOptions & { copyOf?: string | CopyOf } = {},
): Promise<TestNetwork> {
  const network = new MemoryNetwork();
  const signers = Array.from({ length: count }, (_, n) => testSigner(n));
  const nodes: SyncedNode[] = [];
  const { copyOf, ...rest } = options;
  for (const [nth, signer] of signers.entries()) {
    const file = typeof copyOf === 'function' ? copyOf(nth) : copyOf;
    const members = [...signers, ...(copyOf ? [MANY_AUTHOR] : [])];
    const node = await testNode({ members, ...rest, signer, ...(file === undefined ? {} : { copyOf: file }) });
    const transport = network.node(signer);
    transport.setGate({ isMember: () => true, acceptsStrangers: () => false });
    const peers = new TestPeers(signer.peerId);
    const { catalogue, events } = node;
    const sync = new CatalogueSync({ catalogue, transport, peers, events }, { ...QUICK, ...options });
    await transport.start();
    sync.start();
    nodes.push({ ...node, peers, transport, sync });
  }
  for (const node of nodes) {
    for (const other of nodes)
      if (other !== node) await node.transport.dialPeer(other.peers.peerId, other.transport.addresses());
  }
  const reconnect = async (): Promise<void> => {
    for (const node of nodes) {
      for (const other of node.peers.others) {
        await node.transport.dialPeer(other.peerId, network.byPeerId(other.peerId)?.addresses() ?? []);
      }
    }
  };
  return {
    network,
    nodes,
    groups: (...groups) => {
      network.partition(groups.map((group) => group.map((node) => node.transport)));
      const together = (a: SyncedNode, b: SyncedNode): boolean =>
        groups.some((group) => group.includes(a) && group.includes(b));
      for (const a of nodes) {
        for (const b of nodes) {
          if (a === b) continue;
          if (together(a, b)) a.peers.meet(b.peers);
          else a.peers.part(b.peers);
        }
      }
      void reconnect();
    },
    heartbeat: () => {
      for (const node of nodes) node.peers.tellStatus();
    },
    converged: async (some = nodes) => {
      const roots = (): string[] =>
        some.map((node) => {
          const { count: records, print } = node.catalogue.records.root();
          return `${records} ${Buffer.from(print).toString('hex')}`;
        });
      await eventually(() => new Set(roots()).size === 1, { what: 'equal sets' });
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes) await node.sync.stop();
      for (const node of nodes) await node.transport.stop();
      for (const node of nodes) await node[Symbol.asyncDispose]();
    },
  };
}
