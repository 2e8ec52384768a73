import { Component, computed, inject, input } from '@angular/core';
import type { Replication, WorstState } from '@dfs/contracts';
import { Sights } from './sights.js';
import { Tip } from '../kit/tip.js';
import { verdictOf, verdictOfFolder } from './verdict.js';

/** More wanted copies than this are told as a bar. */
const MAX_BLOCKS = 6;

/** The copies glyph: a block for each copy that is wanted, and words where they are needed. Says itself in one sentence. */
@Component({
  selector: 'dfs-copies',
  imports: [Tip],
  template: `
    <span class="copies" [class]="verdict().tone" [dfsTip]="verdict().hint">
      <span class="blocks" [class.bar]="verdict().blocks.length > maxBlocks" aria-hidden="true">
        @for (block of verdict().blocks; track $index) {
          <i [class]="block"></i>
        }
      </span>
      <span class="text num" [class.said]="short()">{{ verdict().text }}</span>
    </span>
  `,
  styleUrl: './copies.scss',
  host: { '[class.large]': 'large()' },
})
export class Copies {
  readonly #sights = inject(Sights);
  /** Of a file; null while nobody has said. */
  readonly replication = input<Replication | null>(null);
  /** Of a folder: how the file beneath it is that is worst off. Left out for a file. */
  readonly worst = input<WorstState | null>();
  /** Blocks alone. */
  readonly short = input(false);
  readonly large = input(false);
  protected readonly maxBlocks = MAX_BLOCKS;
  protected readonly verdict = computed(() => {
    const worst = this.worst();
    const sight = this.#sights.now();
    return worst === undefined ? verdictOf(this.replication(), sight) : verdictOfFolder(worst, sight);
  });
}
