/** Bytes: connections are told in decimal units. */
const MB = 1e6;

/** Four digits are as many as a person reads. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** A limit in megabytes a second, as it is shown; null for none. */
export function perSecond(limit: number | null): number | null {
  return limit === null ? null : round(limit / MB);
}

/** Bytes a second; null where nothing, or nothing that limits, was typed. */
export function bytesOf(megabytes: number | null): number | null {
  return megabytes === null || megabytes <= 0 ? null : Math.round(megabytes * MB);
}
