import type { ValueTransformer } from 'typeorm';

/** A BLOB column that is read as hex digits. */
export const hexColumn: ValueTransformer = {
  to: (hex: unknown) => (typeof hex === 'string' ? Buffer.from(hex, 'hex') : hex),
  from: (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex'),
};

/** A TEXT column that holds JSON, and is read as what the JSON says. */
export const jsonColumn: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
  from: (text: string | null) => (text === null ? null : (JSON.parse(text) as unknown)),
};

/** An INTEGER column that is read as a boolean: 0 or 1. */
export const flagColumn: ValueTransformer = {
  to: (flag: unknown) => (typeof flag === 'boolean' ? Number(flag) : flag),
  from: (number: number | null) => (number === null ? null : number === 1),
};
