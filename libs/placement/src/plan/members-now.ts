import type { MemberList, PeerView } from '../ports.js';
import { partitionOf, Ranking } from './rendezvous.js';

/** The stores of members, as far as these have told of them. */
export interface StoresKnown {
  /** Undefined for a member that has not said it yet. `capacity`: its class. */
  known(peerId: string): { readonly full: boolean; readonly capacity: number } | undefined;
}

/** Membership, liveness and stores, from which the view of a moment is made. */
export interface MembersNowComponents {
  membership: MemberList;
  peers: Pick<PeerView, 'connected' | 'inGrace'>;
  holdings: StoresKnown;
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
  /**
   * The members that should hold an extent which `holders` pin already: the first of its partition that are eligible.
   */
  placed(content: string, extent: number, holders: readonly string[]): string[];
  /** Whether this one is among them. */
  shouldHold(peerId: string, content: string, extent: number, holders: readonly string[]): boolean;
}

/** Puts together membership, liveness and what members say of their stores. */
export class MembersNow {
  private readonly ranking = new Ranking();

  constructor(private readonly components: MembersNowComponents) {}

  /** Those who answer now, this node not included. */
  others(): string[] {
    return this.components.peers.connected().filter((peerId) => this.components.membership.isMember(peerId));
  }

  now(): Snapshot {
    const { membership, peers, holdings, capacity, isFull } = this.components;
    const { ranking } = this;
    const leaving = this.components.leaving();
    const self = membership.self().peerId;
    const target = membership.settings().replicas;
    const members = membership.members();
    const known = (peerId: string) => (peerId === self ? undefined : holdings.known(peerId));
    const full = (peerId: string): boolean => (peerId === self ? isFull() : (known(peerId)?.full ?? false));
    // All members are ranked, not those that are live alone: what comes and goes costs no ranking.
    ranking.setMembers(members.map(({ peerId }) => ({ peerId, capacity: known(peerId)?.capacity ?? capacity() })));
    const live = new Set(members.map(({ peerId }) => peerId).filter((id) => id === self || peers.inGrace(id)));
    const willing = new Set([...live].filter((peerId) => !full(peerId)));
    const placed: Snapshot['placed'] = (content, extent, holders) =>
      ranking.first(
        partitionOf(content, extent),
        target,
        (peerId) => (willing.has(peerId) || (live.has(peerId) && holders.includes(peerId))) && !leaving.has(peerId),
      );
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
