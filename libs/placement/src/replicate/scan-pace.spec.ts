import { SCAN_REST } from '../limits.js';
import { ScanPace } from './scan-pace.js';

it('of a scan only the work counts, not what it waits for in between', async () => {
  let now = 0;
  const pace = new ScanPace(() => now);
  const takes = (milliseconds: number) => async () => void (now += milliseconds);
  expect(pace.rest).toBe(0);
  pace.begin();
  await pace.step(takes(10));
  expect(pace.pause).toBe(10);
  now += 3_600_000;
  await expect(pace.step(() => takes(20)().then(() => Promise.reject(new Error('cut short'))))).rejects.toThrow();
  expect(pace.rest).toBe(0);
  pace.end();
  expect(pace.rest).toBe(SCAN_REST * 30);
  pace.begin();
  await pace.step(takes(1));
  pace.end();
  expect(pace.rest).toBe(SCAN_REST);
});
