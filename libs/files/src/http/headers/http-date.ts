import { second } from '@dfs/runtime';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
/** The three forms of RFC 9110 §5.6.7, of which the first is the one that is written. */
const FORMS = [
  new RegExp(`^${DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`),
  new RegExp(`^${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * The time of an HTTP date in milliseconds since 1970; undefined for anything else that JavaScript would take for a date.
 * @param now of a year of two digits that one counts which is no more than 50 years ahead of it
 */
export function httpDate(text: string, now = Date.now()): number | undefined {
  for (const form of FORMS) {
    const found = form.exec(text.trim())?.groups;
    if (found) return timeOf(found, now);
  }
  return undefined;
}

/** Whole seconds, as HTTP dates have them. */
export function toSecond(ms: number): number {
  return Math.floor(ms / second) * second;
}

function timeOf(found: Record<string, string | undefined>, now: number): number | undefined {
  const [day, hour, minute, seconds] = ['day', 'hour', 'minute', 'second'].map((name) => Number(found[name]));
  const month = MONTHS.indexOf(found['month'] ?? '');
  const year = fullYear(found['year'] ?? '', now);
  // A leap second is the last one of its minute.
  const time = new Date(Date.UTC(year, month, day, hour, minute, Math.min(seconds!, 59)));
  if (year < 1000 || seconds! > 60 || minute! > 59 || hour! > 23) return undefined;
  return time.getUTCMonth() === month && time.getUTCDate() === day ? time.getTime() : undefined;
}

function fullYear(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(now).getUTCFullYear();
  const year = Math.floor(thisYear / 100) * 100 + Number(digits);
  return year > thisYear + 50 ? year - 100 : year;
}
