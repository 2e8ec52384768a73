import { signal } from '@angular/core';
import type { Row } from './rows.js';

/**
 * The row that a person stands on, by its key. Rows before it come and go, so its place changes; a key that is pressed is meant for
 * the row, never for another one that has come to its place.
 */
export class Standing {
  readonly #place = signal(0);
  #row: Row | null = null;
  #hasStood = false;
  #isGone = false;

  /** The place in the list at which the row is shown, from 0. */
  readonly place = this.#place.asReadonly();

  /** Whether a person stands anywhere. */
  get hasStood(): boolean {
    return this.#hasStood;
  }

  /** Null before a person stood anywhere, and where the row at the place is not here yet. */
  get row(): Row | null {
    return this.#row;
  }

  /** Whether the row has left the list without an act of this person: another one is shown in its place. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** A person went to a place. */
  stand(place: number, row: Row | null): void {
    this.#place.set(place);
    this.#row = row;
    this.#hasStood = true;
    this.#isGone = false;
  }

  /** Nobody stands anywhere: the list begins anew. */
  leave(): void {
    this.#place.set(0);
    this.#row = null;
    this.#hasStood = false;
    this.#isGone = false;
  }

  /**
   * The list has changed. Answers whether the row is at another place now.
   * @param acted keys of rows that this person took away: the row after such a one takes its place
   */
  follow(rows: readonly (Row | null)[], acted: ReadonlySet<string>): boolean {
    if (!this.#hasStood) return false;
    const before = this.#place();
    if (this.#row !== null) {
      const { key } = this.#row;
      const now = rows[before]?.key === key ? before : rows.findIndex((row) => row?.key === key);
      if (now !== -1) {
        this.stand(now, rows[now] ?? null);
        return now !== before;
      }
    }
    if (rows.length === 0) return false;
    const place = Math.min(before, rows.length - 1);
    const next = rows[place] ?? null;
    // It may be among rows that are being read; a row that is there in its place is another one.
    if (this.#row === null || acted.has(this.#row.key)) this.stand(place, next);
    else {
      this.#place.set(place);
      this.#isGone = next !== null;
    }
    return place !== before;
  }
}
