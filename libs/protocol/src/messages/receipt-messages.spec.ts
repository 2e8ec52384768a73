import { readFileSync } from 'node:fs';
import { encode } from '../codec/codec.js';
import { sha256 } from '../ids/cid.js';
import { peerIdToBytes, signerFromRaw } from '../ids/keys.js';
import {
  MAX_DELETIONS_PER_RECEIPT,
  packReceiptMarks,
  parseReceipt,
  printOfMarks,
  receiptsFrame,
  receiptsRequest,
  receiptsStatus,
  signReceipt,
  unpackReceiptMarks,
  verifyReceipt,
} from './receipt-messages.js';
import { MAX_RECORD_BYTES, packRecords, unpackRecords, verifyRecord } from './record.js';

interface Golden {
  body: string;
  signature: string;
  marks: string;
  print: string;
  messages: string[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../golden/receipt-messages.json', import.meta.url), 'utf8'),
) as Golden;

const signer = signerFromRaw(sha256(Buffer.from('receipts')));
const other = signerFromRaw(sha256(Buffer.from('receipts of another')));
const network = '0d'.repeat(32);
const id = (number: number): string => Buffer.from(sha256(Buffer.from(`deletion ${number}`))).toString('hex');
const receipt = { network, time: 1_763_800_000_000, purged: [id(1), id(2)].sort(), kept: [id(3)] };
const marks = [
  { author: signer.peerId, time: receipt.time },
  { author: other.peerId, time: 2 ** 40 },
];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const body = (fields: unknown[]): Uint8Array => encode(fields as never);
const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex');
const author = peerIdToBytes(signer.peerId);

describe('a receipt', () => {
  it('and its messages are pinned by golden bytes', () => {
    const signed = signReceipt(signer, receipt);
    expect({
      body: hex(signed.body),
      signature: hex(signed.signature),
      marks: hex(packReceiptMarks(marks)),
      print: hex(printOfMarks(marks)),
      messages: [
        receiptsRequest.form({ method: 'receipts' }),
        receiptsFrame.form({ t: 'receipts' }),
        receiptsStatus.form({ print: printOfMarks(marks) }),
      ].map((message) => hex(encode(message ?? null))),
    }).toEqual(golden);
  });

  it('is read back as it was written, and verified', async () => {
    const signed = { body: bytes(golden.body), signature: bytes(golden.signature) };
    expect(parseReceipt(signed.body)).toEqual({ ...receipt, author: signer.peerId });
    expect(await verifyReceipt(signed, signer.peerId)).toBe(true);
    expect(await verifyReceipt(signed, other.peerId)).toBe(false);
    const [head, ...rest] = signed.body;
    expect(await verifyReceipt({ ...signed, body: Uint8Array.of(head! ^ 1, ...rest) }, signer.peerId)).toBe(false);
    // Signed as a receipt, it is nothing else.
    expect(await verifyRecord(signed, signer.peerId)).toBe(false);
  });

  it('with as many deletions as it may name travels packed as records do', () => {
    const purged = Array.from({ length: MAX_DELETIONS_PER_RECEIPT }, (_, number) => id(number));
    const signed = signReceipt(signer, { ...receipt, purged, kept: [] });
    expect(signed.body.length).toBeLessThanOrEqual(MAX_RECORD_BYTES);
    const [back] = unpackRecords(packRecords([signed, signed]));
    expect(parseReceipt(back!.body).purged).toEqual(purged.sort());
    expect(() => signReceipt(signer, { ...receipt, purged, kept: [id(1000)] })).toThrow('too many');
  });

  it.each<[string, unknown[]]>([
    ['of another version', [2, bytes(network), author, 1, bytes(id(1)), bytes('')]],
    ['with more than belongs to it', [1, bytes(network), author, 1, bytes(id(1)), bytes(''), 1]],
    ['of a network cut short', [1, bytes('0d'), author, 1, bytes(id(1)), bytes('')]],
    ['by nobody', [1, bytes(network), bytes('00'), 1, bytes(id(1)), bytes('')]],
    ['of no time', [1, bytes(network), author, 0, bytes(id(1)), bytes('')]],
    ['that names nothing', [1, bytes(network), author, 1, bytes(''), bytes('')]],
    ['with an id cut short', [1, bytes(network), author, 1, bytes(id(1).slice(2)), bytes('')]],
    [
      'with ids out of order',
      [1, bytes(network), author, 1, bytes([id(1), id(2)].sort().reverse().join('')), bytes('')],
    ],
    ['that purged and kept the same', [1, bytes(network), author, 1, bytes(id(1)), bytes(id(1))]],
  ])('is refused: %s', (_name, fields) => {
    expect(() => parseReceipt(body(fields))).toThrow(/malformed|not a peer id/);
  });
});

describe('marks', () => {
  it('are packed in the order of their authors, and read back', () => {
    expect(packReceiptMarks(marks)).toEqual(packReceiptMarks([...marks].reverse()));
    expect(new Set(unpackReceiptMarks(packReceiptMarks(marks)))).toEqual(new Set(marks));
    expect(printOfMarks([])).toEqual(new Uint8Array(16));
    expect(() => unpackReceiptMarks(new Uint8Array(45))).toThrow('malformed');
    const beyond = Buffer.concat([author, Buffer.alloc(8, 0xff)]);
    expect(() => unpackReceiptMarks(beyond)).toThrow('malformed');
  });
});
