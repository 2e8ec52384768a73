import { createHash } from 'node:crypto';
import { escapeXml, httpDate } from '@dfs/files';
import type { RecordAttributes } from '@dfs/protocol';
import { second } from '@dfs/runtime';
import { childrenXml, DAV, davDocument, elementsOf, namedXml, textOf, type XmlElement } from '../xml/element.js';
import { parseXml } from '../xml/parse.js';
import { APACHE, dav, keyOf, WIN32, type PropertyName } from './names.js';

// Properties that clients set are pairs of the file's `meta`, so that every node tells them, and a move or copy keeps them. Those
// that tell a time of change set `mtime` as well; what they say is a pair too, since another `mtime` alone is no version.

/** A property that a client has set. */
export interface KeptProperty extends PropertyName {
  /** The element with its value, as XML. */
  xml: string;
}

/** The name of a pair begins with this where it holds a property of any name: a hash of that follows. */
const ANY = 'dav-property-';
const HASH_LENGTH = 16;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;
const EPOCH_SECONDS = /^\d{1,11}$/;

/** The pair of a time of change without more. */
const TOLD_MTIME = 'dav-last-modified';
/** Properties of plain text that have a short name of their own among the pairs; `isMtime`: they tell the time of change. */
const SHORT: readonly (PropertyName & { pair: string; isMtime?: true })[] = [
  { namespace: WIN32, name: 'Win32CreationTime', pair: 'win32-creation-time' },
  { namespace: WIN32, name: 'Win32LastAccessTime', pair: 'win32-last-access-time' },
  { namespace: WIN32, name: 'Win32LastModifiedTime', pair: 'win32-last-modified-time', isMtime: true },
  { namespace: WIN32, name: 'Win32FileAttributes', pair: 'win32-file-attributes' },
  { ...dav('lastmodified'), pair: TOLD_MTIME, isMtime: true },
  { ...dav('getlastmodified'), pair: 'dav-get-last-modified', isMtime: true },
];
const SHORT_BY_NAME = new Map(SHORT.map((short) => [keyOf(short), short]));
const EXECUTABLE = keyOf({ namespace: APACHE, name: 'executable' });

/** The properties that clients have set, but for those that are told by `LIVE`. */
export function keptProperties({ meta = {} }: RecordAttributes): KeptProperty[] {
  return Object.entries(meta).flatMap(([pair, value]): KeptProperty[] => {
    const short = SHORT.find((one) => one.pair === pair);
    if (short) return short.name === 'getlastmodified' ? [] : [keptShort(short, value)];
    const any = pair.startsWith(ANY) ? anyFrom(value) : undefined;
    return any ? [any] : [];
  });
}

/** Whether a client may set or remove the property; those of WebDAV itself follow from the file. */
export function isSettable(name: PropertyName): boolean {
  return name.namespace !== DAV || SHORT_BY_NAME.has(keyOf(name));
}

/** Attributes with a property set; undefined where its value is none that it can have. */
export function withProperty(attributes: RecordAttributes, property: XmlElement): RecordAttributes | undefined {
  const key = keyOf(property);
  const isPlain = elementsOf(property).length === 0;
  const text = textOf(property).trim();
  if (key === EXECUTABLE) {
    return /^[TF]$/i.test(text) && isPlain ? { ...attributes, executable: text.toUpperCase() === 'T' } : undefined;
  }
  const short = SHORT_BY_NAME.get(key);
  if (short === undefined) {
    const any = anyText(property);
    // One that could not be told again is not taken.
    return anyFrom(any) && withPair(attributes, pairOf(property), any);
  }
  const mtime = short.isMtime ? timeOf(text) : undefined;
  if (!isPlain || (short.isMtime && mtime === undefined)) return undefined;
  return { ...withPair(attributes, short.pair, text), ...(mtime === undefined ? {} : { mtime }) };
}

/**
 * Attributes with a time of change that the client told with the bytes (ms): a pair says it too, so that it counts over equal bytes.
 */
export function withMtime(attributes: RecordAttributes, mtime: number): RecordAttributes {
  return { ...withPair(attributes, TOLD_MTIME, String(mtime / second)), mtime };
}

/** Attributes without a property. */
export function withoutProperty(attributes: RecordAttributes, name: PropertyName): RecordAttributes {
  if (keyOf(name) === EXECUTABLE) return { ...attributes, executable: false };
  const { [SHORT_BY_NAME.get(keyOf(name))?.pair ?? pairOf(name)]: _gone, ...meta } = attributes.meta ?? {};
  return { ...attributes, meta };
}

/** Of the attributes of a file those that stay when a client writes other bytes over it: not those that tell of a change. */
export function outliving({ executable, meta = {} }: RecordAttributes): RecordAttributes {
  const kept = Object.entries(meta).filter(([pair]) => !SHORT.some((short) => short.isMtime && short.pair === pair));
  return {
    ...(executable === undefined ? {} : { executable }),
    ...(kept.length === 0 ? {} : { meta: Object.fromEntries(kept) }),
  };
}

function withPair(attributes: RecordAttributes, pair: string, value: string): RecordAttributes {
  return { ...attributes, meta: { ...attributes.meta, [pair]: value } };
}

function keptShort({ namespace, name }: PropertyName, value: string): KeptProperty {
  return { namespace, name, xml: namedXml({ namespace, name }, escapeXml(value)) };
}

/** By a hash: names of properties are addresses, and names of pairs are short. */
function pairOf(name: PropertyName): string {
  return ANY + createHash('sha256').update(keyOf(name)).digest('hex').slice(0, HASH_LENGTH);
}

function anyText(property: XmlElement): string {
  const lang = property.attributes.find(({ namespace, name }) => namespace.endsWith('/namespace') && name === 'lang');
  const said = [property.namespace, property.name, childrenXml(property.children)];
  return JSON.stringify(lang === undefined ? said : [...said, lang.value]);
}

function anyFrom(text: string): KeptProperty | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(said) || !said.every((part) => typeof part === 'string')) return undefined;
  const [namespace, name, inner, lang]: (string | undefined)[] = said;
  if (namespace === undefined || name === undefined || inner === undefined) return undefined;
  const rest = lang === undefined ? '' : ` xml:lang="${escapeXml(lang)}"`;
  const xml = namedXml({ namespace, name }, inner, rest);
  return isWellFormed(xml) ? { namespace, name, xml } : undefined;
}

/** Pairs are set by other ways too: whatever stands there, an answer stays what it is. */
function isWellFormed(xml: string): boolean {
  try {
    return elementsOf(parseXml(davDocument('prop', xml))).length === 1;
  } catch {
    return false;
  }
}

/** A time as the clients write it, in milliseconds: an HTTP date, ISO 8601, or seconds since 1970. */
function timeOf(text: string): number | undefined {
  if (EPOCH_SECONDS.test(text)) return Number(text) * second;
  const iso = ISO.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(iso) ? httpDate(text) : iso;
}
