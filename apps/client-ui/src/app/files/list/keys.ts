import { visibleName } from '../../kit/words/names.js';
import { rawName, type Row } from './rows.js';

/** The act that a key asks for. */
export type KeyAct = 'delete' | 'rename' | 'copy' | 'cut' | 'up' | 'undo' | 'leave';

/** From one letter to the next, in milliseconds. */
const TYPING_MS = 800;

/** How far a key goes from row `index`; undefined for other keys. */
export function steps(
  key: string,
  at: { across: number; perPage: number; index: number; length: number },
): number | undefined {
  const { across, perPage, index, length } = at;
  const all: Partial<Record<string, number>> = {
    ArrowDown: across,
    ArrowUp: -across,
    PageDown: perPage * across,
    PageUp: -perPage * across,
    Home: -index,
    End: length,
    ...(across > 1 && { ArrowRight: 1, ArrowLeft: -1 }),
  };
  return all[key];
}

/** The act that a key asks for; null for other keys. The browser pastes by an event of its own, which has what is pasted. */
export function actOfKey(event: KeyboardEvent): KeyAct | null {
  const { key } = event;
  if (event.ctrlKey || event.metaKey) {
    if (key === 'c') return 'copy';
    if (key === 'x') return 'cut';
    if (key === 'z') return 'undo';
    return null;
  }
  if (key === 'Delete') return 'delete';
  if (key === 'F2') return 'rename';
  if (key === 'Escape') return 'leave';
  if (key === 'Backspace' || (key === 'ArrowUp' && event.altKey)) return 'up';
  return null;
}

/** Whether the browser is to do its part after a key: to put on the clipboard what it is given. */
export function isCopied(act: KeyAct | null): boolean {
  return act === 'copy' || act === 'cut';
}

/** The act that a key asks for where there are no rows; null for other keys. */
export function actWithoutRows(event: KeyboardEvent): KeyAct | null {
  const act = actOfKey(event);
  return act !== null && ['up', 'undo', 'leave'].includes(act) ? act : null;
}

/** Typing a name goes to the row that begins so. */
export class TypeAhead {
  #text = '';
  #at = 0;

  /** The row to go to; null where none begins so; undefined for keys that type nothing. */
  find(event: KeyboardEvent, index: number, rows: readonly (Row | null)[]): number | null | undefined {
    if ([...event.key].length !== 1 || event.key === ' ' || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = performance.now();
    this.#text = (now - this.#at < TYPING_MS ? this.#text : '') + event.key.toLowerCase();
    this.#at = now;
    const begins = (row: Row | null | undefined) =>
      row ? visibleName(rawName(row)).toLowerCase().startsWith(this.#text) : false;
    // A first letter goes on from here; more of them narrow it down.
    const from = this.#text.length === 1 ? index + 1 : index;
    for (let n = 0; n < rows.length; n++) {
      const at = (from + n) % rows.length;
      if (begins(rows[at])) return at;
    }
    return null;
  }
}
