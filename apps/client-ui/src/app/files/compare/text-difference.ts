import { Component, computed, inject, input, signal } from '@angular/core';
import { FilesApi } from '@dfs/client-data';
import { mdiUnfoldMoreHorizontal } from '@mdi/js';
import { forkJoin } from 'rxjs';
import { Icon } from '../../kit/icon.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { counted, formatBytes } from '../../kit/words/sizes.js';
import { firstText } from '../detail/first-text.js';
import { Preview } from '../detail/preview.js';
import type { Previewed } from '../detail/preview-kind.js';
import { foldEqual, pairLines, type LineRun } from './line-difference.js';

/** So much of each text is compared. */
const MOST_BYTES = 512 * 1024;
/** Rows that are drawn: of more differences nobody looks at the last. */
const MOST_ROWS = 3000;

/** Two texts side by side, line by line; on a narrow screen a line that was changed stands above what it was changed to. */
@Component({
  selector: 'dfs-text-difference',
  imports: [Icon, Notice, Preview],
  template: `
    @if (texts.value(); as known) {
      @if (runs(); as all) {
        <p class="sum num" role="status">
          @if (different() === 0) {
            <ng-container i18n
              >The lines are the same. Line breaks or other bytes that nobody sees differ.</ng-container
            >
          } @else {
            <ng-container i18n>Different: {{ counted(different(), 'line') }}</ng-container>
          }
          @if (cut()) {
            &ngsp;<ng-container i18n>The first {{ formatBytes(mostBytes) }} of each are compared.</ng-container>
          }
        </p>
        @if (different() > 0) {
          <div class="frame" role="region" aria-label="Differences, line by line" i18n-aria-label tabindex="0">
            <table role="table">
              <colgroup>
                <col class="numbers" />
                <col />
                <col class="numbers" />
                <col />
              </colgroup>
              <thead role="rowgroup" class="said">
                <tr role="row">
                  <th i18n role="columnheader" colspan="2">Version A</th>
                  <th i18n role="columnheader" colspan="2">Version B</th>
                </tr>
              </thead>
              @for (run of shown(); track $index) {
                <tbody role="rowgroup">
                  @if (run.folded && !opened().has(run)) {
                    <tr role="row" class="fold">
                      <td role="cell" colspan="4">
                        <button class="btn ghost small" type="button" (click)="unfold(run)">
                          <dfs-icon [path]="icon" [size]="16" /><ng-container i18n
                            >Show {{ counted(run.pairs.length, 'equal line') }}</ng-container
                          >
                        </button>
                      </td>
                    </tr>
                  } @else {
                    @for (pair of run.pairs; track $index) {
                      <tr role="row" [class.differs]="!pair.equal">
                        <td role="cell" class="number num">{{ pair.before?.number }}</td>
                        <td role="cell" class="line" [class.out]="!pair.equal && pair.before" dir="auto">
                          @if (pair.before; as line) {
                            @if (pair.equal) {
                              <span>{{ line.text }}</span>
                            } @else {
                              <del><span i18n class="said">only in A: </span>{{ line.text }}</del>
                            }
                          }
                        </td>
                        <td role="cell" class="number num">{{ pair.after?.number }}</td>
                        <td role="cell" class="line" [class.in]="!pair.equal && pair.after" dir="auto">
                          @if (pair.after; as line) {
                            @if (pair.equal) {
                              <span>{{ line.text }}</span>
                            } @else {
                              <ins><span i18n class="said">only in B: </span>{{ line.text }}</ins>
                            }
                          }
                        </td>
                      </tr>
                    }
                  }
                </tbody>
              }
            </table>
          </div>
          @if (isLong()) {
            <p i18n class="sum">There are more differences: download both to see all of them.</p>
          }
        }
      } @else {
        <p i18n class="sum" role="status">The texts are too unlike to be compared line by line.</p>
        <div class="beside">
          <dfs-preview [file]="before()" [large]="true" />
          <dfs-preview [file]="after()" [large]="true" />
        </div>
      }
    } @else if (texts.problem(); as problem) {
      <dfs-notice [problem]="problem" (retry)="texts.refresh()" />
    } @else {
      <p i18n class="sum" role="status">Comparing…</p>
    }
  `,
  styleUrl: './text-difference.scss',
})
export class TextDifference {
  readonly #api = inject(FilesApi);
  readonly before = input.required<Previewed>();
  readonly after = input.required<Previewed>();
  protected readonly icon = mdiUnfoldMoreHorizontal;
  protected readonly mostBytes = MOST_BYTES;
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;
  protected readonly texts = reading(
    ({ before, after }: { before: Previewed; after: Previewed }) =>
      forkJoin([firstText(this.#api, before, MOST_BYTES), firstText(this.#api, after, MOST_BYTES)]),
    computed(() => ({ before: this.before(), after: this.after() }), {
      equal: (a, b) => a.before.version === b.before.version && a.after.version === b.after.version,
    }),
  );
  protected readonly cut = computed(() => Math.max(this.before().size, this.after().size) > MOST_BYTES);
  readonly #pairs = computed(() => {
    const texts = this.texts.value();
    if (texts === undefined) return null;
    const [before, after] = texts;
    return pairLines(whole(before, this.before().size), whole(after, this.after().size));
  });
  /** Null while nobody knows, and where the texts are too unlike. */
  protected readonly runs = computed(() => {
    const pairs = this.#pairs();
    return pairs && foldEqual(pairs);
  });
  protected readonly different = computed(() => this.#pairs()?.filter(({ equal }) => !equal).length ?? 0);
  readonly #drawn = computed(() => drawable(this.runs() ?? []));
  protected readonly shown = computed(() => this.#drawn().runs);
  protected readonly isLong = computed(() => this.#drawn().isCut);
  readonly #opened = signal<ReadonlySet<LineRun>>(new Set());
  protected readonly opened = this.#opened.asReadonly();

  protected unfold(run: LineRun): void {
    this.#opened.update((opened) => new Set([...opened, run]));
  }
}

/** Without a last line that may have been cut in the middle. */
function whole(text: string, size: number): string {
  return size > MOST_BYTES ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
}

/** As many rows as a browser draws at once. */
function drawable(runs: readonly LineRun[]): { runs: LineRun[]; isCut: boolean } {
  const drawn: LineRun[] = [];
  let rows = 0;
  for (const run of runs) {
    if (rows >= MOST_ROWS) return { runs: drawn, isCut: true };
    drawn.push(run.folded ? run : { ...run, pairs: run.pairs.slice(0, MOST_ROWS - rows) });
    rows += run.folded ? 1 : run.pairs.length;
  }
  return { runs: drawn, isCut: rows > MOST_ROWS };
}
