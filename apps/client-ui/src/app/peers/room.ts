import { Component, computed, inject, input } from '@angular/core';
import type { PeerInfo } from '@dfs/contracts';
import { Meter } from '../kit/meter.js';
import { visibleName } from '../kit/words/names.js';
import { counted, formatBytes } from '../kit/words/sizes.js';
import { SummaryState } from '../shell/summary-state.js';
import { freeOf, roomLeft } from './room-left.js';

/** Of more nodes, those that are full first. */
const SHOWN = 12;

/** The room of the nodes, side by side, and how much more fits into the network. */
@Component({
  selector: 'dfs-room',
  imports: [Meter],
  template: `
    <h2 i18n>Room on the nodes</h2>
    <p class="lead num">
      @if (left() === null) {
        <ng-container i18n>How much more fits is told once enough nodes are connected.</ng-container>
      } @else {
        <ng-container i18n>
          About {{ formatBytes(left() ?? 0) }} more fit, with {{ counted(copies(), 'copy') }} of each file.
        </ng-container>
      }
    </p>
    <ul>
      @for (peer of shown(); track peer.peerId) {
        <li>
          <span class="name" dir="auto">{{ visibleName(peer.name) }}</span>
          @if (peer.storage; as storage) {
            <dfs-meter
              [used]="storage.bytes"
              [of]="storage.quotaBytes"
              label="Storage used on {{ visibleName(peer.name) }}, per cent"
              i18n-label
            />
            <span i18n class="figures num"
              >{{ formatBytes(storage.bytes) }} of {{ formatBytes(storage.quotaBytes) }}</span
            >
          } @else {
            <span class="unknown"></span>
            <span i18n class="figures">Not known now</span>
          }
        </li>
      }
      @if (peers().length > shown().length) {
        <li class="rest num">
          <ng-container i18n>and {{ peers().length - shown().length }} more, with more room</ng-container>
        </li>
      }
    </ul>
  `,
  styleUrl: './panel.scss',
})
export class Room {
  readonly peers = input.required<readonly PeerInfo[]>();
  readonly #target = inject(SummaryState).value;
  readonly #known = computed(() => this.peers().flatMap(({ storage }) => storage ?? []));
  protected readonly shown = computed(() => {
    const peers = this.peers();
    return peers.length <= SHOWN ? peers : peers.toSorted((a, b) => fillOf(b) - fillOf(a)).slice(0, SHOWN);
  });
  protected readonly copies = computed(() => Math.min(this.#target()?.target ?? 1, this.#known().length));
  /** Null until the target is known, and the room of as many nodes as it takes. */
  protected readonly left = computed(() => {
    const target = this.#target()?.target;
    const enough = target !== undefined && this.#known().length >= Math.min(target, this.peers().length);
    return enough ? roomLeft(this.#known().map(freeOf), target) : null;
  });
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;
  protected readonly visibleName = visibleName;
}

/** The share of its room that a node uses, from 0 to 1; less than that of any other where nobody knows. */
function fillOf({ storage }: PeerInfo): number {
  return storage === null ? -1 : storage.bytes / Math.max(1, storage.bytes + freeOf(storage));
}
