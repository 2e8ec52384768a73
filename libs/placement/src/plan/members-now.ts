import type { Holdings } from '../pins/member-pins.js';
import type { MemberList, PeerView } from '../ports.js';
import { rank, type Candidate } from './rendezvous.js';

export interface NetworkViewComponents {
  membership: MemberList;
  peers: Pick<PeerView, 'connected' | 'inGrace'>;
  holdings: Holdings;
  /** This node's own class, and whether it takes nothing more on behalf of others. */
  capacity: () => number;
  isFull: () => boolean;
  /** Members that are being emptied. */
  leaving: () => ReadonlySet<string>;
}

/** The members as placement sees them at one moment. */
export interface Snapshot {
  readonly self: string;
  /** Copies wanted. */
  readonly target: number;
  /** Within grace. */
  readonly live: ReadonlySet<string>;
  /** Live and not full. */
  readonly willing: ReadonlySet<string>;
  /** Being emptied: holders no more, though their copies count until they are gone. */
  readonly leaving: ReadonlySet<string>;
  /** Answer now, this node included. */
  readonly reachable: ReadonlySet<string>;
  /** Who should hold an extent, of which `holders` pin it already. */
  placed(content: string, extent: number, holders: readonly string[]): string[];
  /** Whether this one is among them. */
  shouldHold(peerId: string, content: string, extent: number, holders: readonly string[]): boolean;
}

/** Puts together membership, liveness and what members say of their stores. */
export class NetworkView {
  constructor(private readonly components: NetworkViewComponents) {}

  /** Those who answer now, this node not included. */
  others(): string[] {
    return this.components.peers.connected().filter((peerId) => this.components.membership.isMember(peerId));
  }

  now(): Snapshot {
    const { membership, peers, holdings, capacity, isFull } = this.components;
    const leaving = this.components.leaving();
    const self = membership.self().peerId;
    const target = membership.settings().replicas;
    const members = membership.members().filter(({ peerId }) => peerId === self || peers.inGrace(peerId));
    const full = (peerId: string): boolean => (peerId === self ? isFull() : (holdings.known(peerId)?.full ?? false));
    const candidates = new Map<string, Candidate>(
      members.map(({ peerId }) => {
        const known = peerId === self ? undefined : holdings.known(peerId);
        return [peerId, { peerId, capacity: known?.capacity ?? capacity() }];
      }),
    );
    const live = new Set(candidates.keys());
    const willing = new Set([...live].filter((peerId) => !full(peerId)));
    const placed: Snapshot['placed'] = (content, extent, holders) => {
      const eligible = [...candidates.values()].filter(
        ({ peerId }) => !leaving.has(peerId) && (willing.has(peerId) || holders.includes(peerId)),
      );
      if (eligible.length <= target) return eligible.map(({ peerId }) => peerId);
      return rank(content, extent, eligible).slice(0, target);
    };
    return {
      self,
      target,
      live,
      willing,
      leaving,
      reachable: new Set([self, ...this.others()]),
      placed,
      shouldHold: (peerId, content, extent, holders) => placed(content, extent, holders).includes(peerId),
    };
  }
}
