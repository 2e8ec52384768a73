import { NgTemplateOutlet } from '@angular/common';
import { Component, computed, inject, input, output } from '@angular/core';
import type { MemberRole, PeerInfo, PeerState } from '@dfs/contracts';
import { mdiArrowDown, mdiArrowUp, mdiContentCopy, mdiDeleteOutline, mdiDotsVertical } from '@mdi/js';
import { Clipboard } from '@angular/cdk/clipboard';
import { CdkMenu, CdkMenuItem, CdkMenuTrigger } from '@angular/cdk/menu';
import { LABELS } from '../kit/words/labels.js';
import { Clock } from '../kit/clock.js';
import { CopyButton } from '../kit/copy-button.js';
import { Icon } from '../kit/icon.js';
import { Tip } from '../kit/tip.js';
import { Meter } from '../kit/meter.js';
import { visibleName } from '../kit/words/names.js';
import { formatBytes, formatRate } from '../kit/words/sizes.js';
import { Uptime, type Running } from '../kit/parts/uptime.js';
import { formatAgo } from '../kit/words/times.js';
import { formatLatency } from './latency.js';

const STATES: Record<PeerState, string> = {
  self: $localize`This node`,
  connected: $localize`Connected`,
  connecting: $localize`Connecting`,
  disconnected: $localize`Away`,
};
const ROLES: Record<MemberRole, { name: string; hint: string }> = {
  owner: { name: $localize`Owner`, hint: $localize`May invite and remove nodes.` },
  member: { name: $localize`Member`, hint: $localize`Reads and writes files.` },
  storage: { name: $localize`Storage`, hint: $localize`Holds copies, but adds no files of its own.` },
};
/** Addresses shown before the rest is folded. */
const ADDRESSES_SHOWN = 2;

/** One node of the network. */
@Component({
  selector: 'dfs-peer-card',
  imports: [CdkMenu, CdkMenuItem, CdkMenuTrigger, CopyButton, Icon, Meter, NgTemplateOutlet, Tip, Uptime],
  templateUrl: './peer-card.html',
  styleUrl: './peer-card.scss',
  host: { '[class.self]': "peer().state === 'self'" },
})
export class PeerCard {
  readonly peer = input.required<PeerInfo>();
  readonly removable = input(false);
  readonly remove = output();

  readonly #clock = inject(Clock);
  readonly #clipboard = inject(Clipboard);
  protected readonly labels = LABELS;
  protected readonly state = computed(() => STATES[this.peer().state]);
  protected readonly role = computed(() => ROLES[this.peer().role]);
  protected readonly name = computed(() => visibleName(this.peer().name));
  protected readonly present = computed(() => this.peer().state === 'self' || this.peer().state === 'connected');
  protected readonly seen = computed(() => {
    const { lastSeenAt } = this.peer();
    if (this.present()) return $localize`now`;
    return lastSeenAt === null ? $localize`never` : formatAgo(lastSeenAt, this.#clock.slow());
  });
  protected readonly running = computed<Running | null>(() => {
    const { uptimeSeconds } = this.peer();
    return uptimeSeconds === null || !this.present() ? null : { seconds: uptimeSeconds, at: Date.now() };
  });
  protected readonly latency = computed(() => formatLatency(this.present() ? this.peer().latencyMs : null));
  protected readonly firstAddresses = computed(() => this.peer().addresses.slice(0, ADDRESSES_SHOWN));
  protected readonly moreAddresses = computed(() => this.peer().addresses.slice(ADDRESSES_SHOWN));
  protected readonly icons = {
    more: mdiDotsVertical,
    copy: mdiContentCopy,
    remove: mdiDeleteOutline,
    down: mdiArrowDown,
    up: mdiArrowUp,
  };
  protected readonly formatBytes = formatBytes;
  protected readonly formatRate = formatRate;

  protected copyId(): void {
    this.#clipboard.copy(this.peer().peerId);
  }
}
