import { Component, DestroyRef, DOCUMENT, computed, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { MatTooltip } from '@angular/material/tooltip';
import { PeersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { NetworkInfo, PeerInfo } from '@dfs/contracts';
import { mdiAccountPlusOutline, mdiImport, mdiLanConnect, mdiServerNetwork } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { ConfirmDialog, type Question } from '../kit/confirm-dialog.js';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/names.js';
import { Notice } from '../kit/notice.js';
import { counted } from '../kit/sizes.js';
import { NodeState } from '../shell/node-state.js';
import { ConnectDialog } from './connect-dialog.js';
import { InviteDialog } from './invite-dialog.js';
import { JoinDialog } from './join-dialog.js';
import { PeerCard } from './peer-card.js';
import { PeersState } from './peers-state.js';

/** Latency, last seen and rates change without an event: read while a person looks. Milliseconds. */
const LOOK_AGAIN_MS = 4000;

/** The nodes of the network: who is there, how they are, and the ways in and out. */
@Component({
  selector: 'dfs-peers-page',
  imports: [EmptyState, Icon, MatButton, MatTooltip, Notice, PeerCard],
  templateUrl: './peers-page.html',
  styleUrl: './peers-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', 'aria-label': 'Peers', tabindex: '0' },
})
export class PeersPage {
  readonly #api = inject(PeersApi);
  readonly #dialog = inject(MatDialog);
  readonly #snackBar = inject(MatSnackBar);
  readonly #node = inject(NodeState);
  protected readonly state = inject(PeersState);
  protected readonly network = computed(() => this.#node.info()?.network);
  protected readonly isOwner = computed(() => this.network()?.role === 'owner');
  protected readonly alone = computed(() => this.state.peers()?.length === 1);
  protected readonly summary = computed(() => {
    const peers = this.state.peers();
    if (peers === undefined) return '';
    return `${counted(peers.length, 'node')}, ${this.state.connected() ?? 0} connected to this one`;
  });
  protected readonly bones = [1, 2, 3];
  protected readonly icons = {
    invite: mdiAccountPlusOutline,
    join: mdiImport,
    connect: mdiLanConnect,
    network: mdiServerNetwork,
  };
  protected readonly visibleName = visibleName;

  constructor() {
    this.state.refresh();
    const document = inject(DOCUMENT);
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') this.state.refresh();
    }, LOOK_AGAIN_MS);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  protected invite(): void {
    this.#dialog.open(InviteDialog, { data: { networkName: this.network()?.name ?? '' } });
  }

  protected async join(): Promise<void> {
    const closed = this.#dialog.open<JoinDialog, unknown, NetworkInfo>(JoinDialog).afterClosed();
    const network = await firstValueFrom(closed);
    if (network) this.#snackBar.open(`This node is now a member of “${visibleName(network.name)}”.`, 'OK');
  }

  protected async connect(): Promise<void> {
    const peer = await firstValueFrom(this.#dialog.open<ConnectDialog, unknown, PeerInfo>(ConnectDialog).afterClosed());
    if (peer) this.#snackBar.open(`Connected to ${visibleName(peer.name)}.`, 'OK');
    this.state.refresh();
  }

  protected async remove(peer: PeerInfo): Promise<void> {
    const name = visibleName(peer.name);
    const sure = await this.#ask({
      title: `Remove ${name} from the network?`,
      text: [
        'Its connections are cut at once, and it gets no more files. What it holds stays on its own disk.',
        'To come back it needs a new invite.',
      ],
      action: 'Remove',
    });
    if (sure) await this.#remove(peer, false);
  }

  async #remove(peer: PeerInfo, confirm: boolean): Promise<void> {
    try {
      await firstValueFrom(this.#api.remove(peer.peerId, { confirm }));
      this.#snackBar.open(`${visibleName(peer.name)} was removed from the network.`, 'OK');
      this.state.refresh();
    } catch (error) {
      await this.#removalFailed(peer, toApiProblem(error));
    }
  }

  async #removalFailed(peer: PeerInfo, problem: ApiProblem): Promise<void> {
    if (problem.code === 'last-copy') {
      const text = [problem.detail, 'Removing it now loses what only it holds. This cannot be undone.'];
      if (await this.#ask({ title: problem.title, text, action: 'Remove and lose it' })) await this.#remove(peer, true);
      return;
    }
    this.#snackBar
      .open(`${problem.title}. ${problem.detail}`, 'Try again', { duration: 15_000 })
      .onAction()
      .subscribe(() => void this.#remove(peer, false));
  }

  async #ask(question: Question): Promise<boolean> {
    const dialog = this.#dialog.open<ConfirmDialog, Question, boolean>(ConfirmDialog, { data: question });
    return (await firstValueFrom(dialog.afterClosed())) ?? false;
  }
}
