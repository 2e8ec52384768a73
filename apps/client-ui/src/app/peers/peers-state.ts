import { Service, computed, inject } from '@angular/core';
import { takeUntilDestroyed, toObservable } from '@angular/core/rxjs-interop';
import { EventStream, PeersApi, Session } from '@dfs/client-data';
import type { PeerInfo } from '@dfs/contracts';
import { debounceTime, distinctUntilChanged, filter, map, merge, switchMap, take } from 'rxjs';
import { reading, type Reading } from '../kit/reading.js';
import { LOCALE } from '../kit/words/locale.js';

/** Events of one moment cause one read. */
const SETTLE_MS = 120;

/** The members of the network, read anew whenever an event says that something about them changed. */
@Service()
export class PeersState {
  readonly #api = inject(PeersApi);
  readonly #events = inject(EventStream);
  readonly #session = inject(Session);
  readonly #reading: Reading<readonly PeerInfo[]> = reading(
    () => this.#api.list().pipe(map((list) => keepingEqual(this.peers() ?? [], [...list.items].sort(byRank)))),
    // Once events are told, so that nothing happens unseen between the answer and them, and it is not asked twice.
    () => (this.#session.status() === 'signed-in' && this.#events.state() !== 'connecting' ? true : undefined),
  );

  /** This node first, then the connected ones, by name; undefined until the first answer. */
  readonly peers = this.#reading.value.asReadonly();
  readonly problem = this.#reading.problem;
  readonly loading = this.#reading.loading;
  readonly connected = computed(() => this.peers()?.filter((peer) => peer.state === 'connected').length ?? null);
  readonly #isSettled = computed(() => !this.loading() && (this.peers() !== undefined || this.problem() !== null));
  readonly #names = computed(() => new Map(this.peers()?.map((peer) => [peer.peerId, peer.name])));
  readonly #states = computed(() => new Map(this.peers()?.map((peer) => [peer.peerId, peer.state])));
  readonly #selfId = computed(() => this.peers()?.find((peer) => peer.state === 'self')?.peerId);

  constructor() {
    const on = this.#events.on.bind(this.#events);
    // A count that is told while the list is read is compared with the answer.
    const settled = toObservable(this.#isSettled).pipe(filter(Boolean), take(1));
    const connectedCount = on('node.status').pipe(
      map((event) => `${event.data.connectedPeers}/${event.data.network.members}`),
      distinctUntilChanged(),
      switchMap((count) => settled.pipe(map(() => count))),
      filter((count) => count !== `${this.connected()}/${this.peers()?.length}`),
    );
    merge(
      on('peer.added'),
      on('peer.connected'),
      on('peer.disconnected'),
      on('peer.removed'),
      connectedCount,
      this.#events.live,
      this.#events.resync,
    )
      .pipe(
        // The first answer has all that came before.
        filter(() => this.#reading.isAsked()),
        debounceTime(SETTLE_MS),
        takeUntilDestroyed(),
      )
      .subscribe(() => this.refresh());
  }

  /** The name of a node for people: its own, `this node`, or the end of its id when it is not known. */
  nameOf(peerId: string): string {
    if (peerId === this.#selfId()) return $localize`this node`;
    return this.#names().get(peerId) ?? `…${peerId.slice(-6)}`;
  }

  /** How this node sees a peer; undefined for one that is no member, or while nobody has said. */
  stateOf(peerId: string): PeerInfo['state'] | undefined {
    return this.#states().get(peerId);
  }

  refresh(): void {
    this.#reading.refresh();
  }
}

const RANK: Record<PeerInfo['state'], number> = { self: 0, connected: 1, connecting: 2, disconnected: 3 };

/** `node 2` before `node 10`. */
const NAMES = new Intl.Collator(LOCALE, { numeric: true });

function byRank(a: PeerInfo, b: PeerInfo): number {
  return RANK[a.state] - RANK[b.state] || NAMES.compare(a.name, b.name) || (a.peerId < b.peerId ? -1 : 1);
}

/** The newer list, with what was there where it is equal: of many members only those that changed are drawn anew. */
function keepingEqual(before: readonly PeerInfo[], now: readonly PeerInfo[]): readonly PeerInfo[] {
  const known = new Map(before.map((peer) => [JSON.stringify(peer), peer]));
  const kept = now.map((peer) => known.get(JSON.stringify(peer)) ?? peer);
  return kept.length === before.length && kept.every((peer, n) => peer === before[n]) ? before : kept;
}
