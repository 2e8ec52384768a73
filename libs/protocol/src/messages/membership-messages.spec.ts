import { readFileSync } from 'node:fs';
import { encode, type WireValue } from '../codec/codec.js';
import { farewellMessage } from './farewell-messages.js';
import { joinChallenge, joinProof, joinRequest, joinTranscript, joinWelcome, recordsMessage } from './join-messages.js';
import { signerFromRaw } from '../ids/keys.js';
import { ownersSection, signatureMessage, signMessage } from './owner-messages.js';
import { decodeAs, encodeAs, type Shape } from '../codec/schema.js';
import {
  heartbeatStatement,
  nodeSection,
  pullMessage,
  pushMessage,
  receivedMessage,
  statusMessage,
} from './status-messages.js';

const peerId = signerFromRaw(Buffer.alloc(32, 1)).peerId;
const other = signerFromRaw(Buffer.alloc(32, 2)).peerId;
const bytes = (fill: number): Uint8Array => Buffer.alloc(32, fill);
const addresses = ['/ip4/10.0.0.1/tcp/4001'];

const golden = JSON.parse(
  readFileSync(new URL('../../golden/membership-messages.json', import.meta.url), 'utf8'),
) as Record<string, string>;

const messages: [string, Shape<never>, unknown][] = (
  [
    ['join request', joinRequest, { invite: '11'.repeat(16), nonce: bytes(2), name: 'kitchen' }],
    ['join challenge', joinChallenge, { nonce: bytes(3), proof: bytes(4), role: null }],
    ['join challenge with role', joinChallenge, { nonce: bytes(3), proof: bytes(4), role: 'storage' }],
    ['join proof', joinProof, { proof: bytes(5) }],
    ['join welcome', joinWelcome, { records: 2, addresses: [{ peerId, addresses }] }],
    [
      'join transcript',
      joinTranscript,
      {
        protocol: '/dfs/join/1',
        by: 'newcomer',
        networkId: '66'.repeat(32),
        inviter: peerId,
        newcomer: other,
        inviterNonce: bytes(7),
        newcomerNonce: bytes(8),
      },
    ],
    ['farewell', farewellMessage, { known: ['99'.repeat(32)], records: [] }],
    ['farewell with records', farewellMessage, { known: [], records: [Buffer.from([1, 2])] }],
    ['owners section', ownersSection, [peerId, other]],
    ['sign', signMessage, { body: Buffer.from([1, 2]) }],
    ['signature', signatureMessage, { signature: Buffer.alloc(64, 14) }],
    ['records', recordsMessage, { records: [Buffer.from([1, 2]), Buffer.from([3])] }],
    ['pull', pullMessage, { method: 'pull', known: ['99'.repeat(32)] }],
    ['push', pushMessage, { method: 'push', records: [Buffer.from([1, 2])] }],
    ['received', receivedMessage, { added: 1 }],
    ['node section', nodeSection, { name: 'attic', version: '0.1.0', addresses }],
    [
      'status',
      statusMessage,
      {
        method: 'status',
        boot: 1_763_800_000_000,
        uptime: 60,
        revision: 3,
        since: 2,
        seen: { boot: 1_763_800_000_001, revision: 4 },
        beat: 2 ** 20 + 1,
        heard: 2 ** 21,
        membership: bytes(10),
        synced: true,
        latency: 5,
        sections: [{ name: 'storage', value: { bytes: 1 } }],
        missing: [other],
        relayed: [{ peerId: other, beat: 7, addresses }],
        proof: null,
        proofs: [],
        heardProof: null,
        time: null,
        runs: [],
      },
    ],
    [
      'status with proofs',
      statusMessage,
      {
        method: 'status',
        boot: 1_763_800_000_000,
        uptime: 60,
        revision: 3,
        since: 3,
        seen: null,
        beat: 2 ** 20 + 1,
        heard: 2 ** 21,
        membership: bytes(10),
        synced: true,
        latency: null,
        sections: [],
        missing: [],
        relayed: [{ peerId: other, beat: 7, addresses }],
        proof: Buffer.alloc(64, 11),
        proofs: [Buffer.alloc(64, 12)],
        heardProof: Buffer.alloc(64, 13),
        time: null,
        runs: [],
      },
    ],
    [
      'status with the time',
      statusMessage,
      {
        method: 'status',
        boot: 1_763_800_000_000,
        uptime: 60,
        revision: 3,
        since: 3,
        seen: null,
        beat: 2 ** 20 + 1,
        heard: 0,
        membership: bytes(10),
        synced: true,
        latency: null,
        sections: [],
        missing: [],
        relayed: [],
        proof: null,
        proofs: [],
        heardProof: null,
        time: 1_763_800_060_000,
        runs: [],
      },
    ],
    [
      'status with runs',
      statusMessage,
      {
        method: 'status',
        boot: 1_763_800_000_000,
        uptime: 60,
        revision: 3,
        since: 3,
        seen: null,
        beat: 2 ** 20 + 1,
        heard: 0,
        membership: bytes(10),
        synced: true,
        latency: null,
        sections: [],
        missing: [],
        relayed: [],
        proof: null,
        proofs: [],
        heardProof: null,
        time: null,
        runs: [
          { boot: 1_763_800_000_002, rank: 0, addresses },
          { boot: 1_763_800_000_003, rank: 1, addresses: [] },
        ],
      },
    ],
    [
      'heartbeat statement',
      heartbeatStatement,
      { tag: 'dfs-heartbeat', networkId: '66'.repeat(32), beat: 2 ** 20 + 1 },
    ],
    [
      'heartbeat',
      statusMessage,
      {
        method: 'status',
        boot: 1_763_800_000_000,
        uptime: 60,
        revision: 3,
        since: 3,
        seen: null,
        beat: 2 ** 20 + 1,
        heard: 0,
        membership: bytes(10),
        synced: true,
        latency: null,
        sections: [],
        missing: [],
        relayed: [],
        proof: null,
        proofs: [],
        heardProof: null,
        time: null,
        runs: [],
      },
    ],
  ] as [string, Shape<unknown>, unknown][]
).map(([name, of, value]) => [name, of as Shape<never>, value]);

describe('messages of join and status', () => {
  it.each(messages)('%s is pinned, and reads what it wrote', (name, of, value) => {
    const encoded = encodeAs(of, value as never);
    expect(Buffer.from(encoded).toString('hex')).toBe(golden[name]);
    expect(decodeAs(of, encoded)).toEqual(value);
  });

  it('leave out of a heartbeat what is empty', () => {
    const [, of, value] = messages.at(-1) as [string, Shape<never>, never];
    expect(encodeAs(of, value).length).toBeLessThan(130);
    const more = { ...(of.form(value) as Record<string, WireValue>), later: 'more' };
    expect(decodeAs(of, encode(more))).toEqual(value);
  });
});
