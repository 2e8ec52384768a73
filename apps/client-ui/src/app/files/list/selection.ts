import { computed, signal } from '@angular/core';
import { bytesOf, type Row } from './rows.js';

/**
 * The rows a person picked: some, by their keys, however far apart they are; or all that match the view, however many
 * there are and whether they are here or not.
 */
export class Selection {
  readonly #rows = signal<ReadonlyMap<string, Row>>(new Map());
  readonly #all = signal(false);
  #anchor: string | null = null;

  /** Everything that matches the view. */
  readonly all = this.#all.asReadonly();
  /** The rows picked one by one; none when all are. */
  readonly rows = computed(() => [...this.#rows().values()]);
  readonly some = computed(() => this.#all() || this.#rows().size > 0);
  readonly bytes = computed(() => this.rows().reduce((sum, row) => sum + bytesOf(row), 0));

  has(row: Row): boolean {
    return this.#all() || this.#rows().has(row.key);
  }

  /** Picks or unpicks one; or everything between the last one and this one, in the order of `rows`. */
  pick(row: Row, options: { range: boolean; rows: readonly Row[] }): void {
    const picked = new Map(this.#all() ? [] : this.#rows());
    this.#all.set(false);
    const from = options.rows.findIndex(({ key }) => key === this.#anchor);
    const to = options.rows.findIndex(({ key }) => key === row.key);
    if (options.range && from !== -1 && to !== -1) {
      for (const between of options.rows.slice(Math.min(from, to), Math.max(from, to) + 1))
        picked.set(between.key, between);
    } else {
      if (!picked.delete(row.key)) picked.set(row.key, row);
      this.#anchor = row.key;
    }
    this.#rows.set(picked);
  }

  /** Just this one. */
  only(row: Row): void {
    this.#all.set(false);
    this.#anchor = row.key;
    this.#rows.set(new Map([[row.key, row]]));
  }

  /** All that match, whether they are here or not. When all are here they are picked one by one. */
  pickAll(here: readonly Row[], length: number): void {
    this.#all.set(here.length < length);
    this.#rows.set(new Map(here.length < length ? [] : here.map((row) => [row.key, row])));
  }

  clear(): void {
    this.#all.set(false);
    this.#anchor = null;
    this.#rows.set(new Map());
  }

  /** Rows that are gone cannot be picked. */
  drop(keys: ReadonlySet<string>): void {
    this.#rows.update((rows) => new Map([...rows].filter(([key]) => !keys.has(key))));
  }
}
