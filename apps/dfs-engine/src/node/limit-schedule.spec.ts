import fc from 'fast-check';
import { WEEKDAYS, type ScheduledLimits } from '@dfs/contracts';
import { limitsAt } from './limit-schedule.js';

const USUAL = { uploadBytesPerSecond: 1, downloadBytesPerSecond: null };
const DAY = 24 * 60;
/** A week without a change of the clock, from Monday at midnight in the time zone of this process. */
const monday = new Date(2026, 0, 5);
const entry = (upload: number, days: ScheduledLimits['days'], from: string, to: string): ScheduledLimits => ({
  ...{ days, from, to },
  ...{ uploadBytesPerSecond: upload, downloadBytesPerSecond: 7 },
});
const at = (day: number, time: string): Date => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return new Date(2026, 0, 5 + day, hours, minutes, 30);
};
const uploadAt = (moment: Date, ...schedule: ScheduledLimits[]) =>
  limitsAt(moment, USUAL, schedule).uploadBytesPerSecond;

describe('limits by a schedule', () => {
  it('are the usual ones at all other times', () => {
    const work = entry(2, ['mon', 'tue'], '08:00', '17:30');
    expect(limitsAt(at(0, '07:59'), USUAL, [work])).toEqual(USUAL);
    expect(limitsAt(at(0, '08:00'), USUAL, [work])).toEqual({ uploadBytesPerSecond: 2, downloadBytesPerSecond: 7 });
    expect(uploadAt(at(1, '17:29'), work)).toBe(2);
    expect(uploadAt(at(1, '17:30'), work)).toBe(1);
    expect(uploadAt(at(2, '12:00'), work)).toBe(1);
    expect(limitsAt(monday, USUAL, [])).toEqual(USUAL);
  });

  it('go on over midnight, from Sunday to Monday too', () => {
    const night = entry(2, ['sun'], '22:00', '06:00');
    expect(uploadAt(at(6, '21:59'), night)).toBe(1);
    expect(uploadAt(at(6, '23:00'), night)).toBe(2);
    expect(uploadAt(at(0, '05:59'), night)).toBe(2);
    expect(uploadAt(at(0, '06:00'), night)).toBe(1);
    expect(uploadAt(at(0, '22:00'), night)).toBe(1);
  });

  it('are those of the first entry of several', () => {
    const [rare, often] = [entry(2, ['wed'], '10:00', '11:00'), entry(3, [...WEEKDAYS], '00:00', '00:00')];
    expect(uploadAt(at(2, '10:30'), rare, often)).toBe(2);
    expect(uploadAt(at(2, '10:30'), often, rare)).toBe(3);
    expect(uploadAt(at(2, '11:00'), rare, often)).toBe(3);
  });

  it('hold for as many minutes of a week as their entry has', () => {
    const minuteOfDay = fc.nat(DAY - 1);
    const time = (minute: number): string =>
      [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
    fc.assert(
      fc.property(fc.subarray([...WEEKDAYS], { minLength: 1 }), minuteOfDay, minuteOfDay, (days, from, to) => {
        const one = entry(2, days, time(from), time(to));
        const lasts = to > from ? to - from : to + DAY - from;
        let held = 0;
        for (let minute = 0; minute < 7 * DAY; minute++) {
          const moment = new Date(2026, 0, 5, 0, minute);
          if (uploadAt(moment, one) === 2) held++;
        }
        expect(held).toBe(days.length * lasts);
      }),
      { numRuns: 20 },
    );
  });
});
