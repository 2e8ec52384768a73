import { LOCALE } from './locale.js';

/** Seconds. */
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const DAY_MONTH = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const DAY_MONTH_YEAR = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' });
const MEDIUM = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' });
const TIME = new Intl.DateTimeFormat(LOCALE, { timeStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat(LOCALE, { timeStyle: 'medium', hourCycle: 'h23' });
const FULL = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'full', timeStyle: 'medium' });

/** How long ago, coarser the longer: `just now`, `5 min ago`, `3 h ago`, `yesterday`, `12 Nov`. */
export function formatAgo(timestamp: string, now: number): string {
  const then = Date.parse(timestamp);
  if (Number.isNaN(then)) return '–';
  const seconds = (now - then) / 1000;
  if (seconds < 10) return $localize`just now`;
  if (seconds < minute) return $localize`${Math.floor(seconds)}:seconds: s ago`;
  if (seconds < hour) return $localize`${Math.floor(seconds / minute)}:minutes: min ago`;
  if (seconds < day) return $localize`${Math.floor(seconds / hour)}:hours: h ago`;
  if (seconds < 2 * day) return $localize`yesterday`;
  const sameYear = new Date(then).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? DAY_MONTH : DAY_MONTH_YEAR).format(then);
}

/** The time of day to the second: `13:42:13`. */
export function formatClock(timestamp: string): string {
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '–' : CLOCK.format(then);
}

/** The whole date and time, for those who point at it. */
export function formatMoment(timestamp: string): string {
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '' : FULL.format(then);
}

/** Date and time in short: `22 Nov 2026, 13:42:13`. */
export function formatDate(timestamp: string): string {
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '–' : MEDIUM.format(then);
}

/** The time of day alone, of a moment that is near: `13:42`. */
export function formatTime(timestamp: string): string {
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '–' : TIME.format(then);
}

/** A running time, coarser the longer, and never more than it is: `12 s`, `4 min`, `3 h 12 min`, `3 d 4 h`. */
export function formatUptime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < minute) return `${whole} s`;
  if (whole < day) return formatDuration(minute * Math.floor(whole / minute));
  return $localize`${Math.floor(whole / day)}:days: d ${Math.floor((whole % day) / hour)}:hours: h`;
}

/** How long something will take: `12 s`, `3 min`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < minute) return `${whole} s`;
  const minutes = Math.round(whole / minute);
  if (minutes < 60) return $localize`${minutes}:minutes: min`;
  if (minutes < 2 * 24 * 60)
    return minutes % 60 === 0
      ? `${minutes / 60} h`
      : $localize`${Math.floor(minutes / 60)}:hours: h ${minutes % 60}:minutes: min`;
  return $localize`${Math.round(whole / day)}:days: days`;
}
