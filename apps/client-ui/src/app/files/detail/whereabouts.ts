import { Component, computed, inject, input } from '@angular/core';
import { FilesApi } from '@dfs/client-data';
import type { FileInfo } from '@dfs/contracts';
import { visibleName } from '../../kit/words/names.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { counted, formatCount } from '../../kit/words/sizes.js';
import { Tip } from '../../kit/tip.js';
import { PeersState } from '../../peers/peers-state.js';
import { cellsOf, holdersOf } from './holders.js';

/** The engine's limit of a page: what is beyond is not drawn. */
const MAX_CHUNKS = 1000;

/** Where a file is: its chunks in a strip, and the nodes that hold it, as the page Peers has them. */
@Component({
  selector: 'dfs-whereabouts',
  imports: [Notice, Tip],
  template: `
    <h3 i18n>Where is it?</h3>
    @if (cells().length > 0) {
      <div class="chunks" role="img" [attr.aria-label]="said()">
        @for (cell of cells(); track $index) {
          <i [class]="cell.state" [dfsTip]="cell.hint"></i>
        }
      </div>
      <p class="legend num">
        {{ said() }}
        <span><i class="local"></i><ng-container i18n>here</ng-container></span
        ><span><i class="remote"></i><ng-container i18n>on other nodes</ng-container></span
        ><span><i class="away"></i><ng-container i18n>out of reach</ng-container></span
        ><span><i class="missing"></i><ng-container i18n>missing</ng-container></span>
      </p>
    }
    @if (holders.value()) {
      <ul aria-label="Holders" i18n-aria-label>
        @for (holder of list(); track holder.peerId) {
          <li>
            <i class="block" [class]="holder.state" aria-hidden="true"></i>
            <span class="name" dir="auto">{{ visibleName(holder.name) }}</span>
            @if (holder.self) {
              <span i18n class="tag here">this node</span>
            }
            <span class="part num">{{ holder.words }}</span>
          </li>
        } @empty {
          <li class="none">
            @if (file().size === 0) {
              <ng-container i18n>An empty file needs no stored bytes.</ng-container>
            } @else {
              <ng-container i18n>No node is known to hold it.</ng-container>
            }
          </li>
        }
      </ul>
    } @else if (holders.problem(); as problem) {
      <dfs-notice [problem]="problem" (retry)="holders.refresh()" />
    }
  `,
  styleUrl: './whereabouts.scss',
})
export class Whereabouts {
  readonly #api = inject(FilesApi);
  readonly #peers = inject(PeersState);
  readonly file = input.required<FileInfo>();
  /** Changes when what is known of the file may have. */
  readonly round = input.required<string>();
  readonly #asked = computed(() => this.file().id);
  protected readonly holders = reading(
    (id: string) => this.#api.holders(id),
    this.#asked,
    () => this.round(),
  );
  protected readonly chunks = reading(
    (id: string) => this.#api.chunks(id, MAX_CHUNKS),
    this.#asked,
    () => this.round(),
  );
  /** Each holder once: connected or not as this node's list of peers has it. */
  protected readonly list = computed(() =>
    holdersOf(this.holders.value()?.extents ?? [], (peerId) => this.#peers.stateOf(peerId)),
  );
  protected readonly cells = computed(() =>
    cellsOf(this.chunks.value()?.items ?? [], this.holders.value()?.extents ?? [], (peerId) =>
      this.#peers.stateOf(peerId),
    ),
  );
  protected readonly said = computed(() => {
    const total = this.chunks.value()?.total ?? 0;
    const here = this.chunks.value()?.items.filter((chunk) => chunk.here).length ?? 0;
    return total === 0 ? '' : said(total, here);
  });
  protected readonly visibleName = visibleName;
}

function said(total: number, here: number): string {
  return here === total
    ? $localize`${counted(total, 'chunk')}:chunks:, all on this node.`
    : $localize`${counted(total, 'chunk')}:chunks:, ${formatCount(here)}:here: on this node.`;
}
