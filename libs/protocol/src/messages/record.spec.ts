import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  carriedAttributes,
  encodeAttributes,
  MAX_ATTRIBUTES_BYTES,
  MAX_DATE_MS,
  META_NAME,
  type RecordAttributes,
} from './attributes.js';
import { cidFromDigest, EMPTY_CONTENT, MANIFEST_CODEC, sha256 } from '../ids/cid.js';
import { decode, encode, type WireValue } from '../codec/codec.js';
import { isDfsError } from '@dfs/runtime';
import { signerFromRaw, verifySignature } from '../ids/keys.js';
import { MAX_PARENTS } from '../limits.js';
import {
  compareClocks,
  encodeRecord,
  MAX_RECORD_BYTES,
  nextClock,
  packedRecordSize,
  packRecords,
  parseRecord,
  recordIdOf,
  signBodies,
  signRecord,
  unpackRecords,
  verifyRecord,
  type RecordFields,
} from './record.js';

const signer = signerFromRaw(Buffer.alloc(32, 7));
const network = 'ab'.repeat(32);
const id = (n: number) => Buffer.from(sha256(Buffer.from([n]))).toString('hex');

const file: RecordFields = {
  version: 1,
  network,
  author: signer.peerId,
  clock: { ms: 1_763_800_000_000, counter: 2 },
  prev: id(1),
  kind: 'file',
  path: 'photos/2026/größe 🌍.jpg',
  content: cidFromDigest(sha256(Buffer.from('manifest')), MANIFEST_CODEC),
  size: 123_456_789_012,
  mediaType: 'image/jpeg',
  parents: [id(2), id(3)].sort(),
  from: 'old/größe.jpg',
  imported: false,
  time: 1_763_800_000_123,
  attributes: {},
};
/** Of a later release, as far as the program knows. */
const unknown = {
  'a-later-one': 'größe',
  'x-bytes': Buffer.from([1, 2, 3]),
  'x-off': false,
  'x-size': 2 ** 40,
  zz: -7,
};
const known: RecordAttributes = {
  mtime: -1,
  executable: true,
  md5: Buffer.alloc(16, 1),
  sha256: Buffer.alloc(32, 2),
  act: Buffer.alloc(16, 3),
  meta: { '10': 'ten', '9': 'nine', '-': '', colour: 'größe 🌍' },
  supersedes: [id(4), id(5)].sort(),
};
/** As much as a map may hold. */
const largest: RecordAttributes = { meta: { a: '' }, filler: Buffer.alloc(MAX_ATTRIBUTES_BYTES - 20) };
const noContent = { content: null, size: 0, mediaType: '' };
const samples: Record<string, RecordFields> = {
  'a moved file': file,
  'a first empty file': {
    ...file,
    clock: { ms: 0, counter: 0 },
    prev: null,
    path: 'a',
    content: EMPTY_CONTENT,
    size: 0,
    mediaType: '',
    parents: [],
    from: null,
    imported: true,
  },
  'a deletion': { ...file, ...noContent, kind: 'deletion', from: null },
  'a file with all attributes that are known': { ...file, attributes: known },
  'a file with attributes that are not': { ...file, attributes: unknown },
  'a file with the largest map': { ...file, attributes: largest },
  'a deletion for good': {
    ...file,
    ...noContent,
    kind: 'deletion',
    from: null,
    attributes: { act: known.act!, purge: true },
  },
  'a folder': { ...file, ...noContent, kind: 'folder', path: 'photos', parents: [], from: null },
};

interface Golden {
  name: string;
  id: string;
  body: string;
  signature: string;
}
const golden = JSON.parse(readFileSync(new URL('../../golden/records.json', import.meta.url), 'utf8')) as Golden[];

/** Other ways to write the head of a value, or what looks like one, as far as msgpack has them. */
function longerForms(value: Uint8Array): Buffer[] {
  const [head = 0] = value;
  const forms: number[][] = [];
  if (head <= 0x7f)
    forms.push(
      [0xcc, head],
      [0xcd, 0, head],
      [0xd0, head],
      [0xd1, 0, head],
      [0xcf, ...new Array<number>(7).fill(0), head],
    );
  if (head >= 0xe0) forms.push([0xd0, head], [0xd1, 0xff, head], [0xd2, 0xff, 0xff, 0xff, head]);
  if (head >= 0x80 && head <= 0x8f) forms.push([0xde, 0, head - 0x80], [0xdf, 0, 0, 0, head - 0x80]);
  if (head >= 0x90 && head <= 0x9f) forms.push([0xdc, 0, head - 0x90], [0xdd, 0, 0, 0, head - 0x90]);
  if (head >= 0xa0 && head <= 0xbf) forms.push([0xd9, head - 0xa0], [0xda, 0, head - 0xa0]);
  // A longer head before the same length or number.
  if (head === 0xc4 || head === 0xd9 || head === 0xcc) forms.push([head + 1, 0]);
  if (head === 0xc5 || head === 0xda || head === 0xcd) forms.push([head + 1, 0, 0]);
  if (head === 0xce) forms.push([0xcf, 0, 0, 0, 0], [0xd3, 0, 0, 0, 0]);
  if (head === 0xcf) forms.push([0xd3]);
  return forms.map((form) => Buffer.from(form));
}

const bytes = (value: WireValue): Uint8Array => encode(value);
const formOf = (fields: RecordFields): WireValue[] => [...(decode(encodeRecord(fields)) as WireValue[])];
const refused = (body: Uint8Array): void => {
  try {
    parseRecord(body);
  } catch (error) {
    expect(isDfsError(error, 'bad-request')).toBe(true);
    return;
  }
  throw new Error('it was let through');
};

describe('record', () => {
  it('is pinned by golden bytes: body, id and signature', () => {
    const now = Object.entries(samples).map(([name, fields]): Golden => {
      const { id: recordId, body, signature } = signRecord(signer, fields);
      const text = (value: Uint8Array): string => Buffer.from(value).toString('hex');
      return { name, id: recordId, body: text(body), signature: text(signature) };
    });
    expect(now).toEqual(golden);
  });

  it.each(golden)('reads the golden bytes back: $name', async ({ name, body, signature, id: recordId }) => {
    const record = { body: Buffer.from(body, 'hex'), signature: Buffer.from(signature, 'hex') };
    const parsed = parseRecord(record.body);
    expect(parsed.fields).toEqual(samples[name]);
    expect(parsed.id).toBe(recordId);
    expect(await verifyRecord(record, signer.peerId)).toBe(true);
  });

  it('is read back as written, whatever it says', () => {
    const hexId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => Buffer.from(raw).toString('hex'));
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((text) => text.normalize('NFC').replace(/[^\p{L}\p{N}\p{Emoji}]/gu, '_'))
      .filter((text) => text !== '' && text.isWellFormed() && text.normalize('NFC') === text);
    const fields = fc.record({
      version: fc.constant(1),
      network: hexId,
      author: fc.constant(signer.peerId),
      clock: fc.record({ ms: fc.nat(Number.MAX_SAFE_INTEGER), counter: fc.nat(2 ** 32 - 1) }),
      prev: fc.option(hexId),
      kind: fc.constant('file' as const),
      path: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      content: hexId.map((digest) => cidFromDigest(Buffer.from(digest, 'hex'), MANIFEST_CODEC)),
      size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      mediaType: fc.constantFrom('', 'text/plain; charset=utf-8'),
      parents: fc.uniqueArray(hexId, { maxLength: MAX_PARENTS }).map((ids) => ids.sort()),
      from: fc.option(fc.constant('somewhere/else')),
      imported: fc.boolean(),
      time: fc.nat(Number.MAX_SAFE_INTEGER),
      attributes: fc.record(
        {
          mtime: fc.integer({ min: -MAX_DATE_MS, max: MAX_DATE_MS }),
          executable: fc.boolean(),
          meta: fc.dictionary(fc.stringMatching(META_NAME), fc.string({ unit: 'grapheme', maxLength: 20 }), {
            maxKeys: 8,
          }),
          later: fc.oneof(fc.boolean(), fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), fc.uint8Array()),
        },
        { requiredKeys: [] },
      ),
    });
    fc.assert(
      fc.property(fields, (value) => {
        const body = encodeRecord(value);
        expect(body.length).toBeLessThanOrEqual(MAX_RECORD_BYTES);
        expect(parseRecord(body)).toMatchObject({ id: recordIdOf(body), fields: value });
      }),
    );
  });

  it('has one form: bytes that are longer than needed are refused', () => {
    const body = encodeRecord(file);
    // The last byte is the empty map: as map 16 it says the same.
    refused(Buffer.concat([body.subarray(0, -1), Buffer.from([0xde, 0, 0])]));
    expect(() => encodeRecord({ ...file, attributes: { filler: Buffer.alloc(MAX_ATTRIBUTES_BYTES) } })).toThrow();
  });

  it('hands the bytes of attributes that are not known on to a record that is made of it', () => {
    const body = encodeRecord({ ...file, attributes: { ...unknown, ...known } });
    const carried = carriedAttributes(parseRecord(body).fields!.attributes);
    const next = encodeRecord({ ...file, path: 'moved', parents: [], attributes: carried });
    const { act, supersedes, ...kept } = known;
    expect([act, supersedes]).not.toContain(undefined);
    expect(
      Buffer.from(next)
        .toString('hex')
        .endsWith(Buffer.from(encodeAttributes({ ...unknown, ...kept })).toString('hex')),
    ).toBe(true);
    expect(encodeAttributes(largest).length).toBe(MAX_ATTRIBUTES_BYTES);
    expect(encodeAttributes({})).toEqual(Buffer.from([0x80]));
  });

  it('sorts the parents it is given', () => {
    const parents = [id(3), id(2)].sort().reverse();
    expect(parseRecord(encodeRecord({ ...file, parents })).fields?.parents).toEqual([...parents].sort());
  });

  it('keeps a version and a kind that it does not know', () => {
    const form = formOf(file);
    const later = parseRecord(bytes([7, ...form.slice(1, 5), { all: 'new' }]));
    expect(later).toMatchObject({ fields: null, envelope: { version: 7, author: signer.peerId, prev: file.prev } });
    const kind = parseRecord(bytes([...form.slice(0, 5), 9, 'something', null]));
    expect(kind).toMatchObject({ fields: null, envelope: { version: 1, network } });
  });

  it.each<[string, (form: WireValue[]) => WireValue]>([
    ['no array', () => ({ version: 1 })],
    ['no envelope', (form) => form.slice(0, 4)],
    ['version 0', (form) => [0, ...form.slice(1)]],
    ['an author that is none', (form) => form.with(2, Buffer.alloc(38))],
    ['a network id of another length', (form) => form.with(1, Buffer.alloc(31))],
    ['a clock of one number', (form) => form.with(3, [1])],
    ['a counter out of range', (form) => form.with(3, [1, 2 ** 32])],
    ['a kind that is no number', (form) => form.with(5, 'file')],
    ['one element more', (form) => [...form, null]],
    ['one element less', (form) => form.slice(0, -1)],
    ['a path that climbs', (form) => form.with(6, 'a/../b')],
    ['a path that is not NFC', (form) => form.with(6, 'u\u0308')],
    ['a file without content', (form) => form.with(7, null)],
    ['a size that its only chunk cannot have', (form) => form.with(7, Buffer.from(rawCid))],
    ['bytes for an empty content', (form) => form.with(8, 0)],
    ['a media type that would break a header', (form) => form.with(9, 'text/plain\r\nx: y')],
    ['parents out of order', (form) => form.with(10, [...(form[10] as WireValue[])].reverse())],
    ['a parent twice', (form) => form.with(10, [Buffer.alloc(32), Buffer.alloc(32)])],
    [
      'too many parents',
      (form) =>
        form.with(
          10,
          Array.from({ length: 65 }, (_, n) => Buffer.alloc(32, n)),
        ),
    ],
    ['a path it comes from that is none', (form) => form.with(11, '/etc/passwd')],
    ['a deletion with content', (form) => form.with(5, 2)],
    ['a time that is no integer', (form) => form.with(13, 'now')],
    ['attributes that are no map', (form) => form.with(14, [])],
    ['an attribute with a name that is none', (form) => form.with(14, { Colour: 1 })],
    ['an attribute with a name that is too long', (form) => form.with(14, { ['x'.repeat(33)]: 1 })],
    ['nesting in an attribute that is not known', (form) => form.with(14, { later: { a: 1 } })],
    ['a list in an attribute', (form) => form.with(14, { later: [1] })],
    ['nothing in an attribute', (form) => form.with(14, { later: null })],
    ['a date that is none', (form) => form.with(14, { mtime: MAX_DATE_MS + 1 })],
    ['a digest of another length', (form) => form.with(14, { sha256: Buffer.alloc(31) })],
    ['numbers in a client’s own pairs', (form) => form.with(14, { meta: { a: 1 } })],
    ['a name in a client’s own pairs that is none', (form) => form.with(14, { meta: { A: 'a' } })],
    [
      'superseded ids out of order',
      (form) => form.with(14, { supersedes: Buffer.from([...Buffer.alloc(32, 2), ...Buffer.alloc(32, 1)]) }),
    ],
    ['superseded ids that are cut short', (form) => form.with(14, { supersedes: Buffer.alloc(33) })],
    ['a purge that is not one', (form) => form.with(14, { purge: false })],
    ['a purge of a file', (form) => form.with(14, { purge: true })],
    ['attributes that are not sorted', (form) => form.with(14, { mtime: 1, executable: true })],
    ['more than the largest map', (form) => form.with(14, { filler: Buffer.alloc(MAX_ATTRIBUTES_BYTES - 10) })],
  ])('refuses %s', (_name, change) => {
    expect(parseRecord(bytes(formOf(file))).fields).not.toBeNull();
    refused(bytes(change(formOf(file))));
  });

  it('takes just the bytes that encoding what it says gives', () => {
    // A longer body is refused, or says something else.
    for (const fields of Object.values(samples).filter(({ attributes }) => attributes !== largest)) {
      const body = Buffer.from(encodeRecord(fields));
      for (let at = 0; at < body.length; at++) {
        for (const longer of longerForms(body.subarray(at))) {
          const changed = Buffer.concat([body.subarray(0, at), longer, body.subarray(at + 1)]);
          let said: RecordFields | null;
          try {
            said = parseRecord(changed).fields;
          } catch {
            continue;
          }
          if (said) expect(Buffer.compare(encodeRecord(said), changed)).toBe(0);
        }
      }
    }
  });

  it.each<[string, number, readonly number[]]>([
    ['a version', 1, [0xcc, 1]],
    ['a version that has a sign', 1, [0xd0, 1]],
    ['a list', 0, [0xdc, 0, 15]],
  ])('refuses %s in more bytes than it needs', (_name, at, longer) => {
    const body = Buffer.from(encodeRecord(file));
    expect(parseRecord(body).fields).not.toBeNull();
    refused(Buffer.concat([body.subarray(0, at), Buffer.from(longer), body.subarray(at + 1)]));
  });

  it('refuses more than its bound, and bytes after its end', () => {
    refused(Buffer.concat([encodeRecord(file), Buffer.from([0])]));
    refused(bytes([7, ...formOf(file).slice(1, 5), Buffer.alloc(MAX_RECORD_BYTES)]));
  });

  it('is signed over its exact bytes behind a prefix of its own', async () => {
    const record = signRecord(signer, file);
    expect(verifySignature(signer.peerId, record.body, record.signature)).toBe(false);
    expect(await verifyRecord(record, signer.peerId)).toBe(true);
    const other = signerFromRaw(Buffer.alloc(32, 8));
    expect(await verifyRecord(record, other.peerId)).toBe(false);
    const changed = Uint8Array.from(record.body);
    changed[changed.length - 1]! ^= 1;
    expect(await verifyRecord({ ...record, body: changed }, signer.peerId)).toBe(false);
    expect(await verifyRecord({ ...record, signature: record.signature.subarray(1) }, signer.peerId)).toBe(false);
  });
});

const rawCid = Buffer.from([1, 0x55, 0x12, 32, ...sha256(Buffer.from('raw'))]);

describe('many signatures', () => {
  it.each([1, 100])('are what each would be by itself: %i', async (count) => {
    const records = Array.from({ length: count }, (_, n) => signRecord(signer, { ...file, path: `f/${n}` }));
    const signatures = await signBodies(
      signer,
      records.map((record) => record.body),
    );
    expect(signatures.map((each) => Buffer.from(each))).toEqual(records.map((each) => Buffer.from(each.signature)));
  });
});

describe('records in a payload', () => {
  const records = Object.values(samples).map((fields) => signRecord(signer, fields));
  const packed = packRecords(records);

  it('come out as they went in', () => {
    expect(unpackRecords(packed).map(({ body }) => recordIdOf(body))).toEqual(records.map((record) => record.id));
    expect(packed.length).toBe(records.reduce((sum, record) => sum + packedRecordSize(record), 0));
    expect(unpackRecords(new Uint8Array(0))).toEqual([]);
  });

  it('are refused when cut short or longer than a record may be', () => {
    for (const end of [1, 4, 100, packed.length - 1]) expect(() => unpackRecords(packed.subarray(0, end))).toThrow();
    const long = Buffer.alloc(MAX_RECORD_BYTES * 2);
    long.writeUInt32BE(MAX_RECORD_BYTES + 1);
    expect(() => unpackRecords(long)).toThrow('malformed');
  });
});

describe('clock', () => {
  it('never stands still and never goes back', () => {
    expect(nextClock(5, undefined)).toEqual({ ms: 5, counter: 0 });
    expect(nextClock(6, { ms: 5, counter: 9 })).toEqual({ ms: 6, counter: 0 });
    expect(nextClock(5, { ms: 5, counter: 9 })).toEqual({ ms: 5, counter: 10 });
    expect(nextClock(1, { ms: 5, counter: 2 ** 32 - 1 })).toEqual({ ms: 6, counter: 0 });
    expect(compareClocks({ ms: 1, counter: 2 }, { ms: 1, counter: 1 })).toBeGreaterThan(0);
    expect(compareClocks({ ms: 1, counter: 2 }, { ms: 2, counter: 0 })).toBeLessThan(0);
  });
});
