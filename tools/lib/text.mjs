/** Words and figures for the terminal and for Markdown. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/**
 * `1.5 MiB`: three digits at most, in the unit that fits.
 * @param {number} bytes
 */
export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${figure(value)} ${UNITS[unit]}`;
}

/**
 * A measured figure with three significant digits, thousands separated: `0.42`, `12.3`, `1,720`.
 * @param {number} value
 */
export function figure(value) {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-GB', {
    maximumFractionDigits: Math.min(digits, 6),
    minimumFractionDigits: Number.isInteger(rounded) ? 0 : undefined,
  });
}

/**
 * Columns in line, for a terminal.
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (/** @type {string[]} */ row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)]
    .map((text) => text.trimEnd())
    .join('\n');
}

/**
 * The same as a Markdown table.
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function markdownTable(head, rows) {
  const line = (/** @type {string[]} */ row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
