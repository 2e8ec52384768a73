import { Component, computed, inject } from '@angular/core';
import { EventStream, NodeApi, toApiProblem } from '@dfs/client-data';
import type { TransferInfo, TransferKind } from '@dfs/contracts';
import { mdiAlertOutline, mdiClose } from '@mdi/js';
import { Clock } from '../kit/clock.js';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { Tip } from '../kit/tip.js';
import { Meter } from '../kit/meter.js';
import { nameOf, visibleName } from '../kit/names.js';
import { Notice } from '../kit/notice.js';
import { formatBytes, formatRate } from '../kit/sizes.js';
import { formatAgo, formatMoment } from '../kit/times.js';
import { Toasts } from '../kit/toasts.js';
import { PeersState } from '../peers/peers-state.js';
import { ActivityState } from './activity-state.js';
import { describeEvent } from './describe-event.js';
import { digest } from './feed.js';

const KINDS: Record<TransferKind, string> = {
  upload: $localize`Taking in`,
  download: $localize`Sending out`,
  replication: $localize`Copying`,
  drain: $localize`Emptying`,
  act: $localize`Changing`,
};

/** Recent events of the network, and running transfers. */
@Component({
  selector: 'dfs-activity-page',
  imports: [EmptyState, Icon, Tip, Meter, Notice],
  templateUrl: './activity-page.html',
  styleUrl: './activity-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', '[attr.aria-label]': 'title', tabindex: '0' },
})
export class ActivityPage {
  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  readonly #api = inject(NodeApi);
  readonly #toasts = inject(Toasts);
  protected readonly events = inject(EventStream);
  protected readonly state = inject(ActivityState);
  protected readonly lines = computed(() => {
    const nameOfPeer = (peerId: string) => this.#peers.nameOf(peerId);
    const told = this.state.entries().filter((event) => describeEvent(event, nameOfPeer) !== null);
    return digest(told).flatMap((event) => {
      const line = describeEvent(event, nameOfPeer);
      return line === null ? [] : [{ ...line, seq: event.seq, time: event.time }];
    });
  });
  protected readonly icons = { warning: mdiAlertOutline, cancel: mdiClose };
  protected readonly title = $localize`Activity`;
  protected readonly kinds = KINDS;
  protected readonly formatRate = formatRate;
  protected readonly formatMoment = formatMoment;
  protected readonly visibleName = visibleName;

  constructor() {
    this.state.look();
  }

  /** The file that is moved, or the node that is emptied. */
  protected about({ path, peerId }: TransferInfo): string {
    if (peerId !== undefined) return visibleName(this.#peers.nameOf(peerId));
    return path === null ? $localize`a file` : nameOf(path);
  }

  /** `1.2 MB of 5 MB` */
  protected doneOf({ verifiedBytes, bytes }: TransferInfo): string {
    const done = formatBytes(verifiedBytes);
    return bytes === null ? done : $localize`${done}:done: of ${formatBytes(bytes)}:all:`;
  }

  protected ago(time: string): string {
    return formatAgo(time, this.#clock.slow());
  }

  protected cancel(transfer: TransferInfo): void {
    this.#api.cancelTransfer(transfer.id).subscribe({
      error: (error: unknown) => {
        const problem = toApiProblem(error);
        this.#toasts.show({
          text: `${problem.title}. ${problem.detail}`,
          tone: 'bad',
          action: $localize`Try again`,
          run: () => this.cancel(transfer),
        });
      },
    });
  }
}
