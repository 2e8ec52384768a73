import { copyFile } from 'node:fs/promises';
import { encode, encodeRecord, parseRecord, RECORD_VERSION, sha256 } from '@dfs/protocol';
import type { Database } from '@dfs/database';
import { tempDir, type TempDir } from '@dfs/testing';
import { Delta, Fingerprints } from '../src/store/fingerprints.js';
import type { SyncChannel, SyncTransport } from '../src/index.js';
import { authorRows } from '../src/store/rows.js';
import { RecordState } from '../src/rules/states.js';
import { content, fileDraft, NETWORK, START, testNode, testSigner, type TestNode } from './nodes.js';

/** Files of one unit of work. */
const FILES_PER_UNIT = 5000;
/** Bytes that stand before a frame's header: two lengths. */
const FRAME_PREFIX_BYTES = 8;
/** Their authors. */
export const MANY_AUTHOR = testSigner(99);
const CONTENT = content(1);

export interface PreparedDatabase extends AsyncDisposable {
  readonly file: string;
}

/** A database made once, to be copied for each node of a test: as a node has it that wrote so many files. */
export function databaseOf(files: number): Promise<PreparedDatabase> {
  return prepared(files, (node, from, count) =>
    node.write(...Array.from({ length: count }, (_, n) => fileDraft(`many/${from + n}`, from + n))),
  );
}

/**
 * The same in a tenth of the time, for tests in which all nodes have these records from the start: nobody looks at their
 * signatures, which are empty, and they are in the set, but not in the list of files.
 */
export function setOf(records: number): Promise<PreparedDatabase> {
  return prepared(records, (node, from, count) => insertUnsigned(node, from, count));
}

async function prepared(
  files: number,
  fill: (node: TestNode, from: number, count: number) => Promise<unknown>,
): Promise<PreparedDatabase> {
  const dir: TempDir = await tempDir();
  const node = await testNode({ signer: MANY_AUTHOR });
  for (let at = 0; at < files; at += FILES_PER_UNIT) await fill(node, at, Math.min(FILES_PER_UNIT, files - at));
  await node.catalogue.close();
  // Closing writes the log back: one file is all there is.
  await node.db.close();
  const file = dir.file('many.sqlite');
  await copyFile(node.temp.dir.file('dfs.sqlite'), file);
  await node.temp.remove();
  return { file, [Symbol.asyncDispose]: () => dir.remove() };
}

async function insertUnsigned(node: TestNode, from: number, count: number): Promise<void> {
  const prints = await Fingerprints.load(node.db);
  await insertRecords(
    node.db,
    prints,
    Array.from({ length: count }, (_, n) => from + n + 1),
  );
}

/** Unsigned records with these numbers (below 10 ** 8), which become members of the set; same number, same record. */
export async function insertRecords(db: Database, prints: Fingerprints, numbers: readonly number[]): Promise<void> {
  for (const seq of [numbers[0], numbers.at(-1)]) {
    if (seq !== undefined && Buffer.compare(bodyOf(seq), encodedBody(seq)) !== 0)
      throw new Error(`record ${seq} is another`);
  }
  const delta = new Delta();
  const rows = numbers.map((seq) => {
    const body = bodyOf(seq);
    const id = sha256(body);
    delta.add(id);
    return [seq, id, RecordState.applied, 0, 1, START, seq + COUNTERS, SIZE, '', 0, START, body, new Uint8Array(64)];
  });
  await db.write(async (tx) => {
    await authorRows(tx, new Set([MANY_AUTHOR.peerId]), () => 'member');
    await tx.insertMany('catalogue_record', COLUMNS, rows);
    await prints.apply(tx, delta);
  });
}

const SIZE = 1000;
/** Counters from here on take four bytes, and numbers of paths as many digits: bodies differ in these bytes alone. */
const COUNTERS = 2 ** 16;
const DIGITS = 8;

/** The same as `encodeRecord`, which takes most of the time where there are 100,000: one body, with other numbers in it. */
const bodyOf = ((): ((seq: number) => Uint8Array) => {
  const [one, other] = [encodedBody(0), encodedBody(10 ** DIGITS - 1)];
  const differing = [...one.keys()].filter((at) => one[at] !== other[at]);
  const path = Buffer.from(one).indexOf('0'.repeat(DIGITS));
  const counter = differing.find((at) => at < path || at >= path + DIGITS) ?? -1;
  // The first byte of the larger counter tells where both begin.
  if (one.length !== other.length || Buffer.from(other).readUInt32BE(counter) !== 10 ** DIGITS - 1 + COUNTERS) {
    throw new Error('the bodies of records differ in more than their numbers: encode each by itself');
  }
  return (seq) => {
    const body = Buffer.from(one);
    body.write(digits(seq), path, 'latin1');
    body.writeUInt32BE(seq + COUNTERS, counter);
    return new Uint8Array(body.buffer, body.byteOffset, body.length);
  };
})();

/** The number that `insertRecords` was given for a record, of its body. */
export function numberOf(body: Uint8Array): number {
  return parseRecord(body).envelope.clock.counter - COUNTERS;
}

function digits(seq: number): string {
  return String(seq).padStart(DIGITS, '0');
}

function encodedBody(seq: number): Uint8Array {
  return encodeRecord({
    version: RECORD_VERSION,
    network: NETWORK,
    author: MANY_AUTHOR.peerId,
    clock: { ms: START, counter: seq + COUNTERS },
    prev: null,
    kind: 'file',
    path: `many/${digits(seq)}`,
    content: CONTENT,
    size: SIZE,
    mediaType: 'text/plain',
    parents: [],
    from: null,
    imported: false,
    time: START,
    attributes: {},
  });
}

const COLUMNS = 'seq id state head author ms counter size media_type imported born body signature'.split(' ');

/** Bytes that went over the streams opened at a transport. */
export interface StreamTally {
  /** Of whole frames, both ways. */
  bytes: number;
  /** How often the opener spoke and then listened. */
  roundTrips: number;
  streams: number;
  /** Streams that the other side has ended. */
  ended: number;
}

/** Counts what goes over streams of this node's opening from now on. */
export function tallyOf(transport: Pick<SyncTransport, 'open'>): StreamTally {
  const tally: StreamTally = { bytes: 0, roundTrips: 0, streams: 0, ended: 0 };
  const open = transport.open.bind(transport);
  transport.open = async (...args) => {
    const channel = await open(...args);
    tally.streams++;
    let speaking = false;
    const count = ({ header, payload }: { header: Parameters<typeof encode>[0]; payload?: Uint8Array }): void => {
      tally.bytes += FRAME_PREFIX_BYTES + encode(header).length + (payload?.length ?? 0);
    };
    const send = channel.send.bind(channel);
    const frames = channel.frames.bind(channel);
    const counted: Pick<SyncChannel, 'send' | 'frames'> = {
      send: (header, payload) => {
        if (!speaking) tally.roundTrips++;
        speaking = true;
        count({ header, ...(payload ? { payload } : {}) });
        return send(header, payload);
      },
      frames: async function* () {
        for await (const frame of frames()) {
          speaking = false;
          count(frame);
          yield frame;
        }
        tally.ended++;
      },
    };
    return Object.assign(channel, counted);
  };
  return tally;
}

/** Follows the resident memory of this process. `stop` answers how far it rose above what it was. */
export function watchMemory(): { stop(): number } {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(most, process.memoryUsage.rss()) - before;
    },
  };
}
