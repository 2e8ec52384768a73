import { LOCALE, isOne } from './locale.js';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1.4 MB`: decimal units, as file managers and disks count, three significant digits. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const rounded = Number(value.toFixed(digits)).toLocaleString(LOCALE, { useGrouping: false });
  return `${rounded} ${UNITS[unit] ?? ''}`;
}

/** `1.4 MB/s` */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `12,345` */
export function formatCount(count: number): string {
  return count.toLocaleString(LOCALE);
}

/** The words for so many of something: a sentence with a number in it cannot be put together of parts in every language. */
const FORMS = {
  action: { one: (n: string) => $localize`${n}:count: action`, many: (n: string) => $localize`${n}:count: actions` },
  change: { one: (n: string) => $localize`${n}:count: change`, many: (n: string) => $localize`${n}:count: changes` },
  chunk: { one: (n: string) => $localize`${n}:count: chunk`, many: (n: string) => $localize`${n}:count: chunks` },
  conflict: {
    one: (n: string) => $localize`${n}:count: conflict`,
    many: (n: string) => $localize`${n}:count: conflicts`,
  },
  copy: { one: (n: string) => $localize`${n}:count: copy`, many: (n: string) => $localize`${n}:count: copies` },
  deletion: {
    one: (n: string) => $localize`${n}:count: deletion`,
    many: (n: string) => $localize`${n}:count: deletions`,
  },
  directory: {
    one: (n: string) => $localize`${n}:count: directory`,
    many: (n: string) => $localize`${n}:count: directories`,
  },
  'equal line': {
    one: (n: string) => $localize`${n}:count: equal line`,
    many: (n: string) => $localize`${n}:count: equal lines`,
  },
  event: { one: (n: string) => $localize`${n}:count: event`, many: (n: string) => $localize`${n}:count: events` },
  file: { one: (n: string) => $localize`${n}:count: file`, many: (n: string) => $localize`${n}:count: files` },
  folder: { one: (n: string) => $localize`${n}:count: folder`, many: (n: string) => $localize`${n}:count: folders` },
  issue: { one: (n: string) => $localize`${n}:count: issue`, many: (n: string) => $localize`${n}:count: issues` },
  item: { one: (n: string) => $localize`${n}:count: item`, many: (n: string) => $localize`${n}:count: items` },
  line: { one: (n: string) => $localize`${n}:count: line`, many: (n: string) => $localize`${n}:count: lines` },
  link: {
    one: (n: string) => $localize`${n}:count: link or device`,
    many: (n: string) => $localize`${n}:count: links or devices`,
  },
  match: { one: (n: string) => $localize`${n}:count: match`, many: (n: string) => $localize`${n}:count: matches` },
  more: { one: (n: string) => $localize`${n}:count: more`, many: (n: string) => $localize`${n}:count: more` },
  name: { one: (n: string) => $localize`${n}:count: name`, many: (n: string) => $localize`${n}:count: names` },
  'new issue': {
    one: (n: string) => $localize`${n}:count: new issue`,
    many: (n: string) => $localize`${n}:count: new issues`,
  },
  node: { one: (n: string) => $localize`${n}:count: node`, many: (n: string) => $localize`${n}:count: nodes` },
  other: { one: (n: string) => $localize`${n}:count: other`, many: (n: string) => $localize`${n}:count: others` },
  path: { one: (n: string) => $localize`${n}:count: path`, many: (n: string) => $localize`${n}:count: paths` },
  record: { one: (n: string) => $localize`${n}:count: record`, many: (n: string) => $localize`${n}:count: records` },
  upload: { one: (n: string) => $localize`${n}:count: upload`, many: (n: string) => $localize`${n}:count: uploads` },
  'earlier version': {
    one: (n: string) => $localize`${n}:count: earlier version`,
    many: (n: string) => $localize`${n}:count: earlier versions`,
  },
} as const;

/** Something that is counted. */
export type Counted = keyof typeof FORMS;

/** `1 file`, `12 files` */
export function counted(count: number, what: Counted): string {
  const { one, many } = FORMS[what];
  return (isOne(count) ? one : many)(formatCount(count));
}
