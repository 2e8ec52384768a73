import { BreakpointObserver } from '@angular/cdk/layout';
import { Component, DestroyRef, DOCUMENT, computed, inject, linkedSignal, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { PeersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { NetworkInfo, PeerInfo } from '@dfs/contracts';
import { mdiAccountPlusOutline, mdiImport, mdiLanConnect, mdiMagnify } from '@mdi/js';
import { firstValueFrom, map } from 'rxjs';
import { ConfirmDialog, type Question } from '../kit/confirm-dialog.js';
import { Dialogs } from '../kit/dialogs.js';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { Tip } from '../kit/tip.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { counted } from '../kit/words/sizes.js';
import { Toasts } from '../kit/toasts.js';
import { Failures } from '../work/failures.js';
import { NodeState } from '../shell/node-state.js';
import { Comings } from './comings.js';
import { ConnectDialog } from './connect-dialog.js';
import { InviteDialog } from './invite-dialog.js';
import { JoinDialog } from './join-dialog.js';
import { NetworkMap } from './network-map.js';
import { PeerCard } from './peer-card.js';
import { PeersState } from './peers-state.js';
import { Room } from './room.js';

/** Latency, last seen and rates change without an event: read while a person looks, the less often the more members there are. Milliseconds. */
const LOOK_AGAIN_MS = 4000;
const PER_MEMBER_MS = 40;
/** Cards that are shown until more are asked for: of hundreds of nodes nobody looks at all. */
const PORTION = 24;

/** Beneath few cards there is room for a drawing. */
const ROOM = '(min-width: 1600px) and (min-height: 720px)';

/** The nodes of the network: who is there, how they are, and the ways in and out. */
@Component({
  selector: 'dfs-peers-page',
  imports: [Comings, EmptyState, Icon, NetworkMap, Tip, Notice, PeerCard, Room],
  templateUrl: './peers-page.html',
  styleUrl: './peers-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', '[attr.aria-label]': 'title', tabindex: '0' },
})
export class PeersPage {
  readonly #api = inject(PeersApi);
  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  readonly #failures = inject(Failures);
  readonly #node = inject(NodeState);
  protected readonly state = inject(PeersState);
  protected readonly network = computed(() => this.#node.info()?.network);
  protected readonly isOwner = computed(() => this.network()?.role === 'owner');
  protected readonly alone = computed(() => this.state.peers()?.length === 1);
  protected readonly summary = computed(() => {
    const peers = this.state.peers();
    if (peers === undefined) return '';
    return $localize`${counted(peers.length, 'node')}:node:, ${this.state.connected() ?? 0}:connected: connected to this one`;
  });
  /** A node is looked for by a part of its name, its id or one of its addresses. */
  protected readonly wanted = signal('');
  readonly #found = computed(() => {
    const wanted = this.wanted().trim().toLocaleLowerCase();
    const peers = this.state.peers() ?? [];
    if (wanted === '') return peers;
    return peers.filter(({ name, peerId, addresses }) =>
      [visibleName(name), peerId, ...addresses].some((text) => text.toLocaleLowerCase().includes(wanted)),
    );
  });
  readonly #room = linkedSignal({ source: this.wanted, computation: () => PORTION });
  protected readonly shown = computed(() => this.#found().slice(0, this.#room()));
  protected readonly more = computed(() => Math.min(PORTION, this.#found().length - this.shown().length));
  protected readonly many = computed(() => (this.state.peers()?.length ?? 0) > PORTION);
  readonly #hasRoom = toSignal(
    inject(BreakpointObserver)
      .observe(ROOM)
      .pipe(map(({ matches }) => matches)),
    { initialValue: false },
  );
  /** There is room for a drawing beneath few cards. */
  protected readonly drawn = computed(() => this.#hasRoom() && !this.many());
  protected readonly title = $localize`Peers`;
  protected readonly ownersOnly = $localize`Only an owner of the network can invite: do it on such a node.`;
  protected readonly bones = [1, 2, 3];
  protected readonly icons = {
    invite: mdiAccountPlusOutline,
    join: mdiImport,
    connect: mdiLanConnect,
    find: mdiMagnify,
  };
  protected readonly visibleName = visibleName;

  constructor() {
    this.state.refresh();
    const document = inject(DOCUMENT);
    let timer: ReturnType<typeof setTimeout>;
    const lookAgain = () => {
      const members = this.state.peers()?.length ?? 0;
      timer = setTimeout(
        () => {
          if (document.visibilityState === 'visible') this.state.refresh();
          lookAgain();
        },
        Math.max(LOOK_AGAIN_MS, PER_MEMBER_MS * members),
      );
    };
    lookAgain();
    inject(DestroyRef).onDestroy(() => clearTimeout(timer));
  }

  protected showMore(): void {
    this.#room.update((room) => room + PORTION);
  }

  protected invite(): void {
    void this.#dialogs.open(InviteDialog, { networkName: this.network()?.name ?? '' });
  }

  protected async join(): Promise<void> {
    const network = await this.#dialogs.open<NetworkInfo>(JoinDialog);
    if (network)
      this.#toasts.show({ text: $localize`This node is now a member of “${visibleName(network.name)}:name:”.` });
  }

  protected async connect(): Promise<void> {
    const peer = await this.#dialogs.open<PeerInfo>(ConnectDialog);
    if (peer) this.#toasts.show({ text: $localize`Connected to ${visibleName(peer.name)}:name:.` });
    this.state.refresh();
  }

  protected async remove(peer: PeerInfo): Promise<void> {
    const name = visibleName(peer.name);
    const sure = await this.#ask({
      title: $localize`Remove ${name}:name: from the network?`,
      text: [
        $localize`Its connections are cut at once, and it gets no more files. Its copies stay on its own disk.`,
        $localize`To come back it needs a new invite.`,
      ],
      action: $localize`Remove`,
    });
    if (sure) await this.#remove(peer, false);
  }

  async #remove(peer: PeerInfo, confirm: boolean): Promise<void> {
    try {
      await firstValueFrom(this.#api.remove(peer.peerId, { confirm }));
      this.#toasts.show({ text: $localize`${visibleName(peer.name)}:name: was removed from the network.` });
      this.state.refresh();
    } catch (error) {
      await this.#removalFailed(peer, toApiProblem(error));
    }
  }

  async #removalFailed(peer: PeerInfo, problem: ApiProblem): Promise<void> {
    if (problem.code === 'last-copy') {
      const text = [problem.detail, $localize`Removing it now loses what only it holds. This cannot be undone.`];
      if (await this.#ask({ title: problem.title, text, action: $localize`Remove and lose it` }))
        await this.#remove(peer, true);
      return;
    }
    this.#failures.tell({
      text: $localize`${visibleName(peer.name)}:name: could not be removed from the network.`,
      problem,
      meaning: $localize`It stays a member, and keeps what it holds.`,
      again: () => void this.#remove(peer, false),
    });
  }

  async #ask(question: Question): Promise<boolean> {
    return (await this.#dialogs.open<boolean, Question>(ConfirmDialog, question)) ?? false;
  }
}
