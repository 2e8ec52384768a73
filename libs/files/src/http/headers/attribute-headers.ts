import type { IncomingMessage } from 'node:http';
import { type DfsError, invalidField } from '@dfs/runtime';
import { fitsAttributes, MAX_ATTRIBUTES_BYTES, META_NAME, type RecordAttributes } from '@dfs/protocol';

const MTIME = 'X-DFS-Mtime';
const EXECUTABLE = 'X-DFS-Executable';
const META = 'X-DFS-Meta-';
/** Left over for what nodes add: digests, and the act a record belongs to. */
const ROOM_BYTES = 256;
/** Bytes that attributes may take that a client says of a file. */
export const MAX_SAID_BYTES = MAX_ATTRIBUTES_BYTES - ROOM_BYTES;
const MILLISECONDS = /^-?\d{1,15}$/;
/** ISO 8601 with a zone, as RFC 3339 has it; seconds may be left out. */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i;

/**
 * The attributes of the file that a request brings, by `X-DFS-Mtime`, `X-DFS-Executable` and `X-DFS-Meta-<name>`.
 * @throws DfsError `validation-failed`
 */
export function announcedAttributes(headers: IncomingMessage['headersDistinct']): RecordAttributes {
  const meta: Record<string, string> = {};
  for (const [name, values] of Object.entries(headers)) {
    if (!name.startsWith(META.toLowerCase())) continue;
    const key = name.slice(META.length);
    if (!META_NAME.test(key)) throw invalidField(META + key, 'has a name that is not 1 to 64 of a-z, 0-9 and -');
    meta[key] = percentDecoded(META + key, single(META + key, values) ?? '');
  }
  const mtime = single(MTIME, headers[MTIME.toLowerCase()]);
  const executable = single(EXECUTABLE, headers[EXECUTABLE.toLowerCase()]);
  return fitting(`${META}*`, {
    ...(mtime === undefined ? {} : { mtime: momentOf(MTIME, mtime) }),
    ...(executable === undefined ? {} : { executable: flagOf(EXECUTABLE, executable) }),
    ...(Object.keys(meta).length === 0 ? {} : { meta }),
  });
}

/** Fields of a form that say the same of the file that follows them. */
export const ATTRIBUTE_FIELDS = ['mtime', 'executable', 'meta'] as const;
/** Values of these fields as the form had them, unchecked. */
export type AttributeFields = Partial<Record<(typeof ATTRIBUTE_FIELDS)[number], string>>;

/** @throws DfsError `validation-failed` */
export function attributesOfFields({ mtime, executable, meta }: AttributeFields): RecordAttributes {
  return fitting('meta', {
    ...(mtime === undefined ? {} : { mtime: momentOf('mtime', mtime) }),
    ...(executable === undefined ? {} : { executable: flagOf('executable', executable) }),
    ...(meta === undefined ? {} : { meta: pairsOf('meta', meta) }),
  });
}

function single(name: string, values: string[] | undefined): string | undefined {
  if (values !== undefined && values.length > 1) throw invalidField(name, 'appears more than once');
  return values?.[0]?.trim();
}

/** Milliseconds since 1970. */
function momentOf(field: string, text: string): number {
  if (MILLISECONDS.test(text)) return Number(text);
  const [matched, year, month, day] = DATE_TIME.exec(text) ?? [];
  const moment = matched === undefined ? NaN : Date.parse(matched);
  // JavaScript takes the 30th of February for the 2nd of March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (Number.isNaN(moment) || date.getUTCDate() !== Number(day)) {
    throw invalidField(field, 'must be milliseconds since 1970, or a time such as 2026-11-22T12:00:00Z');
  }
  return moment;
}

function flagOf(field: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw invalidField(field, 'must be true or false');
  return text === 'true';
}

function percentDecoded(field: string, value: string): string {
  if (!/^[ -~]*$/.test(value)) throw invalidField(field, 'must be percent-encoded UTF-8, such as gr%C3%BCn');
  try {
    return decodeURIComponent(value);
  } catch {
    throw invalidField(field, 'must be percent-encoded UTF-8, such as gr%C3%BCn');
  }
}

function pairsOf(field: string, json: string): Record<string, string> {
  const pairs = parsed(json);
  if (typeof pairs !== 'object' || pairs === null || Array.isArray(pairs)) throw noPairs(field);
  for (const [name, value] of Object.entries(pairs)) {
    if (!META_NAME.test(name) || typeof value !== 'string' || !value.isWellFormed()) throw noPairs(field);
  }
  return pairs as Record<string, string>;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function noPairs(field: string): DfsError {
  return invalidField(field, 'must be a JSON object of texts, their names 1 to 64 of a-z, 0-9 and -');
}

/** Whether a record has room for attributes that a client says of a file, beside what nodes add. */
export function hasRoomFor(attributes: RecordAttributes): boolean {
  return fitsAttributes(attributes, ROOM_BYTES);
}

function fitting(field: string, attributes: RecordAttributes): RecordAttributes {
  if (hasRoomFor(attributes)) return attributes;
  throw invalidField(field, `takes more than ${MAX_SAID_BYTES} bytes together`);
}
