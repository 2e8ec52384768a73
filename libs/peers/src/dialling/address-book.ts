import type { Database, Tx } from '@dfs/database';
import { Recurring, type Clock, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { PeerAddressEntity, PeerKnownEntity, type AddressSource } from './address-book.entity.js';
import { MAX_ADDRESSES, MAX_ADDRESS_LENGTH, MAX_RELAYED_ADDRESSES } from '../constants.js';

interface Known {
  /** Address without `/p2p/…` → how and when it was learned. */
  addresses: Map<string, { source: AddressSource; learnedAt: number }>;
  name: string;
  lastSeen: number | undefined;
}

/** Milliseconds for which changes are gathered before they are written. */
const WRITE_DELAY = 250;

/** Where members can be dialled, what they are called, when they were last heard of: what survives a restart. */
export class AddressBook {
  private readonly known = new Map<string, Known>();
  private readonly changed = new Set<string>();
  private readonly writing: Recurring;

  constructor(private readonly components: { db: Database; clock: Clock; log: Log }) {
    this.writing = new Recurring(
      {
        name: 'write down addresses of members',
        every: Infinity,
        gather: WRITE_DELAY,
        failed: 'addresses of members could not be written',
        run: () => this.writeChanged(),
      },
      { log: components.log },
    );
  }

  /** Reads the book; later changes are written. */
  async load(): Promise<void> {
    const { db } = this.components;
    for (const { peer, name, lastSeen } of await db.repository(PeerKnownEntity).find()) {
      Object.assign(this.of(peer), { name, lastSeen: lastSeen ?? undefined });
    }
    for (const { peer, address, source, learnedAt } of await db.repository(PeerAddressEntity).find()) {
      this.of(peer).addresses.set(address, { source, learnedAt });
    }
    this.writing.start();
  }

  /** Newest first, without `/p2p/…`. */
  addressesOf(peerId: string): string[] {
    const entries = [...(this.known.get(peerId)?.addresses ?? [])];
    return entries.sort(([, a], [, b]) => b.learnedAt - a.learnedAt).map(([address]) => address);
  }

  nameOf(peerId: string): string | undefined {
    return this.known.get(peerId)?.name || undefined;
  }

  lastSeen(peerId: string): number | undefined {
    return this.known.get(peerId)?.lastSeen;
  }

  /** @returns whether any of them was new */
  learn(peerId: string, addresses: readonly string[], source: AddressSource): boolean {
    const { addresses: known } = this.of(peerId);
    const given = bare(peerId, addresses);
    let isNew = false;
    // An address that a member no longer tells no longer holds.
    if (source === 'said') {
      for (const [address, entry] of known) {
        if (entry.source === 'said' && !given.includes(address)) isNew = known.delete(address);
      }
    }
    const learnedAt = this.components.clock.now();
    for (const address of given) {
      const before = known.get(address);
      if (!before) isNew = true;
      if (!before || source === 'said' || source === 'typed') known.set(address, { source, learnedAt });
    }
    this.trim(peerId, known);
    if (isNew) this.mark(peerId);
    return isNew;
  }

  rename(peerId: string, name: string): void {
    const known = this.of(peerId);
    if (known.name === name) return;
    known.name = name;
    this.mark(peerId);
  }

  /** To be told when a member has gone, not at every heartbeat. */
  seen(peerId: string, at: number): void {
    const known = this.of(peerId);
    if (known.lastSeen === at) return;
    known.lastSeen = at;
    this.mark(peerId);
  }

  forget(peerId: string): void {
    if (this.known.delete(peerId)) this.mark(peerId);
  }

  /** Puts the addresses of another network's members in place of these, within the unit of work that joins it. */
  async replace(tx: Tx, members: readonly { peerId: string; addresses: readonly string[] }[]): Promise<void> {
    const fresh = new AddressBook(this.components);
    for (const { peerId, addresses } of members) fresh.learn(peerId, addresses, 'relayed');
    await fresh.write(tx, [...fresh.known.keys()]);
    tx.afterCommit(() => {
      this.known.clear();
      this.changed.clear();
      for (const [peerId, known] of fresh.known) this.known.set(peerId, known);
    });
  }

  /** Writes what has changed; when it resolves, that is on disk. Never throws. */
  flush(): Promise<void> {
    return this.writing.now();
  }

  /** The same, for the last time. */
  async stop(): Promise<void> {
    await this.flush();
    await this.writing.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.writing.status();
  }

  private async writeChanged(): Promise<Ran> {
    if (this.changed.size === 0) return 'idle';
    await this.components.db.write(async (tx) => {
      const peers = [...this.changed];
      this.changed.clear();
      await this.write(tx, peers);
    });
    return 'idle';
  }

  private async write(tx: Tx, peers: readonly string[]): Promise<void> {
    const [addresses, members] = [tx.repository(PeerAddressEntity), tx.repository(PeerKnownEntity)];
    for (const peer of peers) {
      await addresses.delete({ peer });
      const known = this.known.get(peer);
      if (!known) {
        await members.delete({ peer });
        continue;
      }
      await addresses.insert([...known.addresses].map(([address, entry]) => ({ peer, address, ...entry })));
      await members.put({ peer, name: known.name, lastSeen: known.lastSeen ?? null });
    }
  }

  /** The oldest go; of those that others have told, which anyone may have made up, before what the member said itself. */
  private trim(peerId: string, known: Known['addresses']): void {
    const relayed = this.addressesOf(peerId).filter((address) => known.get(address)?.source === 'relayed');
    for (const address of relayed.slice(MAX_RELAYED_ADDRESSES)) known.delete(address);
    for (const address of this.addressesOf(peerId).slice(MAX_ADDRESSES)) known.delete(address);
  }

  private of(peerId: string): Known {
    let known = this.known.get(peerId);
    if (!known) this.known.set(peerId, (known = { addresses: new Map(), name: '', lastSeen: undefined }));
    return known;
  }

  private mark(peerId: string): void {
    this.changed.add(peerId);
    this.writing.soon();
  }
}

/** Addresses that may be this peer's, without the peer id at their end. */
function bare(peerId: string, addresses: readonly string[]): string[] {
  const own = addresses.flatMap((address) => {
    const [, place = '', other] = /^(\/.*?)(?:\/p2p\/([^/]+))?$/.exec(address) ?? [];
    const fits = place !== '' && place.length <= MAX_ADDRESS_LENGTH && (other === undefined || other === peerId);
    return fits ? [place] : [];
  });
  return [...new Set(own)].slice(0, MAX_ADDRESSES);
}
