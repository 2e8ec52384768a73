import type { ScheduledLimits, TransferLimits, Weekday } from '@dfs/contracts';

/** As `Date.getDay` counts them. */
const DAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * The limits that hold at a moment, by the time zone of this process: those of the first entry that covers it, or the usual
 * ones. An entry whose end is not after its beginning ends on the next day.
 */
export function limitsAt(moment: Date, usual: TransferLimits, schedule: readonly ScheduledLimits[]): TransferLimits {
  const today = DAYS[moment.getDay()] as Weekday;
  const yesterday = DAYS[(moment.getDay() + 6) % 7] as Weekday;
  const time = `${twoDigits(moment.getHours())}:${twoDigits(moment.getMinutes())}`;
  const covering = schedule.find(({ days, from, to }) => {
    const isOvernight = to <= from;
    const hasBegun = days.includes(today) && from <= time;
    return isOvernight ? hasBegun || (days.includes(yesterday) && time < to) : hasBegun && time < to;
  });
  const { uploadBytesPerSecond, downloadBytesPerSecond } = covering ?? usual;
  return { uploadBytesPerSecond, downloadBytesPerSecond };
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
