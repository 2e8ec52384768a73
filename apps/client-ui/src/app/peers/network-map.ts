import { Component, computed, input } from '@angular/core';
import type { PeerInfo } from '@dfs/contracts';
import { visibleName } from '../kit/words/names.js';
import { formatLatency } from './latency.js';

/** Places of nodes, in hundredths of the drawing. */
const CENTRE = 50;
const REACH = { x: 38, y: 34 };
/** So few others stand below this node, more of them around it. */
const FEW = 3;

/** How the other nodes stand to this one, as a drawing: the cards say the same in words. */
@Component({
  selector: 'dfs-network-map',
  template: `
    <h2 i18n>Connections of this node</h2>
    <div class="map" aria-hidden="true">
      <svg>
        @for (at of others(); track at.peer.peerId) {
          <line
            [attr.x1]="here().x + '%'"
            [attr.y1]="here().y + '%'"
            [attr.x2]="at.x + '%'"
            [attr.y2]="at.y + '%'"
            [attr.class]="at.peer.state"
          />
        }
      </svg>
      @for (at of others(); track at.peer.peerId) {
        <div
          class="node"
          [class]="at.peer.state"
          [style.inset-inline-start.%]="at.x"
          [style.inset-block-start.%]="at.y"
        >
          <i></i>
          <span class="name" dir="auto">{{ at.name }}</span>
          <span class="fact num">{{ at.fact }}</span>
        </div>
      }
      @if (self(); as node) {
        <div class="node self" [style.inset-inline-start.%]="here().x" [style.inset-block-start.%]="here().y">
          <i></i>
          <span class="name" dir="auto">{{ visibleName(node.name) }}</span>
        </div>
      }
    </div>
  `,
  styleUrls: ['./panel.scss', './network-map.scss'],
})
export class NetworkMap {
  readonly peers = input.required<readonly PeerInfo[]>();
  protected readonly self = computed(() => this.peers().find(({ state }) => state === 'self'));
  readonly #few = computed(() => this.peers().length <= FEW + 1);
  protected readonly here = computed(() => (this.#few() ? placeAt(-Math.PI / 2) : { x: CENTRE, y: CENTRE }));
  protected readonly others = computed(() => {
    const others = this.peers().filter(({ state }) => state !== 'self');
    return others.map((peer, n) => {
      const turn = (n + (this.#few() ? 0.5 : 0)) / others.length;
      // Below: from the left to the right. Around: once, from the left.
      const angle = this.#few() ? Math.PI * (1 - turn) : Math.PI * (1 + 2 * turn);
      return { peer, ...placeAt(angle), name: visibleName(peer.name), fact: factOf(peer) };
    });
  });
  protected readonly visibleName = visibleName;
}

function factOf({ state, latencyMs }: PeerInfo): string {
  if (state === 'disconnected') return $localize`Away`;
  if (state === 'connecting') return $localize`Connecting`;
  return formatLatency(latencyMs);
}

function placeAt(angle: number): { x: number; y: number } {
  return { x: CENTRE + REACH.x * Math.cos(angle), y: CENTRE + REACH.y * Math.sin(angle) };
}
