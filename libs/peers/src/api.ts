import type { InviteInfo, MemberRole, NetworkInfo, PeerInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import type { Unsubscribe, WireValue } from '@dfs/protocol';

export interface Member {
  peerId: string;
  role: MemberRole;
  /** Milliseconds since 1970, by the clock of the owner who admitted it. */
  admittedAt: number;
}

export interface MembershipSettings {
  replicas: number;
  graceMs: number;
  retentionMs: number;
  syncPeriodMs: number;
}

export declare class Membership {
  readonly networkId: string;
  readonly networkName: string;
  settings(): MembershipSettings;
  self(): Member;
  member(peerId: string): Member | undefined;
  members(): Member[];
  isMember(peerId: string): boolean;
  onChange(fn: () => void): Unsubscribe;
}

export declare class Peers {
  start(): Promise<void>;
  stop(): Promise<void>;
  list(): PeerInfo[];
  connected(): string[];
  nameOf(peerId: string): string | undefined;
  connect(address: string): Promise<PeerInfo>;
  invite(options: { role?: MemberRole; expiresInSeconds?: number }): Promise<InviteInfo>;
  join(ticket: string): Promise<NetworkInfo>;
  remove(peerId: string, options: { confirm?: boolean; drain?: boolean }): Promise<void>;
  lastSeen(peerId: string): number | undefined;
  inGrace(peerId: string): boolean;
  onReady(fn: (peerId: string) => void): Unsubscribe;
  onGone(fn: (peerId: string) => void): Unsubscribe;
  onChange(fn: () => void): Unsubscribe;
  contribute(section: string, value: () => WireValue): void;
  onStatus(section: string, fn: (peerId: string, value: WireValue) => void): Unsubscribe;
  nudge(): void;
  beforeJoin(fn: () => Promise<void>): void;
  onNetworkChanged(fn: (tx: Tx, from: string, to: string) => Promise<void>): void;
  beforeRemove(fn: (peerId: string, options: { confirm?: boolean; drain?: boolean }) => Promise<void>): void;
}
