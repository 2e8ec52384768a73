import { LOCALE } from '../kit/words/locale.js';

/** A round trip in milliseconds: `1.5 ms`, `77 ms`; a dash while unknown. */
export function formatLatency(latencyMs: number | null): string {
  if (latencyMs === null) return '–';
  return latencyMs < 10
    ? `${latencyMs.toLocaleString(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ms`
    : `${Math.round(latencyMs)} ms`;
}
