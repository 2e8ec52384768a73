import { Component, computed, inject } from '@angular/core';
import { EventStream, type ConnectionState } from '@dfs/client-data';
import { mdiLan, mdiTimerOutline } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { Tip } from '../kit/tip.js';
import { Meter } from '../kit/meter.js';
import { Uptime } from '../kit/parts/uptime.js';
import { visibleName } from '../kit/words/names.js';
import { formatBytes } from '../kit/words/sizes.js';
import { PeersState } from '../peers/peers-state.js';
import { NodeState } from './node-state.js';

const CHIPS: Record<ConnectionState, { text: string; hint: string }> = {
  connecting: { text: $localize`Connecting`, hint: $localize`The live connection to the node is being made.` },
  live: { text: $localize`Live`, hint: $localize`Changes in the network show here at once.` },
  offline: { text: $localize`Offline`, hint: $localize`The node cannot be reached; what you see may be out of date.` },
  'signed-out': { text: $localize`Signed out`, hint: $localize`Sign in to go on.` },
};

/** Its console is connected to the node, but the node to nobody. */
const REMOVED = {
  text: $localize`Removed`,
  hint: $localize`This node was removed from its network: it neither sends nor receives anything.`,
};

/** Which node this is, in which network, for how long, with whom. */
@Component({
  selector: 'dfs-node-line',
  imports: [Icon, Tip, Meter, Uptime],
  templateUrl: './node-line.html',
  styleUrl: './node-line.scss',
})
export class NodeLine {
  readonly #node = inject(NodeState);
  readonly #events = inject(EventStream);
  protected readonly info = this.#node.info;
  protected readonly state = this.#events.state;
  readonly #removed = computed(() => this.state() === 'live' && this.info()?.network.removed === true);
  protected readonly chip = computed(() => (this.#removed() ? REMOVED : CHIPS[this.state()]));
  protected readonly tone = computed(() => (this.#removed() ? 'offline' : this.state()));
  protected readonly running = this.#node.running;
  protected readonly connected = inject(PeersState).connected;
  protected readonly others = computed(() => Math.max(0, (this.info()?.network.members ?? 1) - 1));
  protected readonly icons = { uptime: mdiTimerOutline, peers: mdiLan };
  protected readonly formatBytes = formatBytes;
  protected readonly visibleName = visibleName;
}
