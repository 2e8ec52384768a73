import type { Clipboard } from '@angular/cdk/clipboard';
import { signal } from '@angular/core';
import type { Placing } from '../list/row-drag.js';

/** From a key to the event by which a browser copies. Milliseconds. */
const MOMENT_MS = 1000;

/** Rows that wait to be pasted: moved where they were cut. */
export type KeptRows = Pick<Placing, 'op' | 'rows'>;

/**
 * Remembers rows for pasting. Their paths are on the clipboard of the system meanwhile: they take the place of files that another program
 * has left there, and files that come later go before the rows.
 */
export class RowClipboard {
  readonly #system: Pick<Clipboard, 'copy'>;
  readonly #kept = signal<KeptRows | null>(null);
  #keptByKey = -Infinity;
  readonly kept = this.#kept.asReadonly();

  constructor(system: Pick<Clipboard, 'copy'>) {
    this.#system = system;
  }

  /** After a key the browser itself copies, or cuts: that takes the paths. */
  keep(kept: KeptRows, byKey: boolean): void {
    this.#kept.set(kept);
    if (byKey) this.#keptByKey = performance.now();
    else this.#system.copy(pathsOf(kept));
  }

  /** The browser copies or cuts: the paths, where a key has just kept rows. */
  copied(event: ClipboardEvent): void {
    const kept = this.#kept();
    const isOfKey = performance.now() - this.#keptByKey < MOMENT_MS;
    this.#keptByKey = -Infinity;
    if (!isOfKey || kept === null || event.clipboardData === null) return;
    event.clipboardData.setData('text/plain', pathsOf(kept));
    event.preventDefault();
  }

  /** The rows to paste now: those that were cut are pasted once. */
  take(): KeptRows | null {
    const kept = this.#kept();
    if (kept?.op === 'move') this.#kept.set(null);
    return kept;
  }
}

function pathsOf({ rows }: KeptRows): string {
  return rows.map(({ path }) => path).join('\n');
}

/** Whether it happens in a field, where it is about text. */
export function isTyping({ target }: Event): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea') !== null;
}
