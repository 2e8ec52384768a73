import { Column, Entity, PrimaryColumn } from 'typeorm';
import { peerColumn } from '../peer-column.js';

/** How an address became known: said by the member itself, by another, found on the local network, typed by a person. */
export type AddressSource = 'said' | 'relayed' | 'found' | 'typed';

/** Addresses at which members can be dialled. */
@Entity({ name: 'peer_address', withoutRowid: true })
export class PeerAddressEntity {
  /** Peer id of the member, in binary. */
  @PrimaryColumn({ type: 'blob', transformer: peerColumn })
  peer!: string;

  /** Multiaddr without `/p2p/…`. */
  @PrimaryColumn({ type: 'text' })
  address!: string;

  /** How the node learned it: said, relayed, found or typed. */
  @Column({ type: 'text' })
  source!: AddressSource;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'learned_at' })
  learnedAt!: number;
}

/** Names of members, and when they were last seen. */
@Entity({ name: 'peer_known', withoutRowid: true })
export class PeerKnownEntity {
  /** Peer id of the member, in binary. */
  @PrimaryColumn({ type: 'blob', transformer: peerColumn })
  peer!: string;

  /** Name that the member gave itself; empty where it is not known. */
  @Column({ type: 'text' })
  name!: string;

  /** When the member was last heard of, in ms since 1970; null where it never was. */
  @Column({ type: 'integer', name: 'last_seen', nullable: true })
  lastSeen!: number | null;
}
