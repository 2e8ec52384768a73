import { Component, computed, inject, input } from '@angular/core';
import type { Replication } from '@dfs/contracts';
import { Sights } from './sights.js';
import { Tip } from './tip.js';
import { verdictOf } from './verdict.js';

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
  /** Null while nobody has said. */
  readonly replication = input.required<Replication | null>();
  /** Blocks alone. */
  readonly short = input(false);
  readonly large = input(false);
  protected readonly maxBlocks = MAX_BLOCKS;
  protected readonly verdict = computed(() => verdictOf(this.replication(), this.#sights.now()));
}
