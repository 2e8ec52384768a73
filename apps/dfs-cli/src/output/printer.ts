/** Where a command writes: results to `out`, everything for a person's eyes alone to `err`. */
export class Printer {
  constructor(
    private readonly streams: { out: NodeJS.WritableStream; err: NodeJS.WritableStream },
    readonly options: { json: boolean; isTerminal: boolean },
  ) {}

  /** One result: as JSON with `--json`, else by `text`. */
  result(value: unknown, text: () => string): void {
    const line = this.options.json ? JSON.stringify(value) : text();
    if (line !== '') this.streams.out.write(`${line}\n`);
  }

  /** Beside the results: what was done, or is wrong with one file of many. Not part of `--json`. */
  note(text: string): void {
    this.streams.err.write(`${text}\n`);
  }

  /** A line that the next one takes the place of; on a terminal alone. */
  status(text: string): void {
    if (this.options.isTerminal) this.streams.err.write(`\r\u001b[K${text}`);
  }
}

/** Columns of one width each; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, String(cell).length)));
  }
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, at) => {
        if (at === row.length - 1) return typeof cell === 'number' ? String(cell).padStart(widths[at] ?? 0) : cell;
        return typeof cell === 'number' ? String(cell).padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0);
      })
      .join('  ');
  return rows.map(line).join('\n');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes as a person reads them: `1.5 MiB`. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** A time to the minute, in this machine's zone: `2026-11-29 21:16`. */
export function when(time: string): string {
  const date = new Date(time);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Milliseconds as a person reads them: `2 min 5 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** File names may hold what moves the cursor or changes colours; a terminal gets them escaped. */
export function shown(name: string): string {
  return name.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
