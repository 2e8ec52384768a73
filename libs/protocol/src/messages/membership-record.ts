import { sha256Hex } from '../ids/cid.js';
import { decode, encode, type WireValue } from '../codec/codec.js';
import { DfsError, day, KiB, second } from '@dfs/runtime';
import { verifySignature, type Signer } from '../ids/keys.js';
import { MAX_NAME_LENGTH, MAX_PARENTS } from '../limits.js';
import type { ScanLimits } from '../codec/scan.js';
import { decodeAs, encodeAs, shape, unless, type Infer, type Shape } from '../codec/schema.js';

/**
 * Membership records: who belongs to a network, by signed and immutable statements that link their parents.
 *
 * Envelope = [body, [[signer, signature], …]]. Each signature is Ed25519 over exactly the bytes of the body.
 * Id = SHA-256 of the body. Network id = id of the founding record.
 * Body = [version, tag, network, kind, author, time, parents, content]. In every version, elements 0 to 6 mean this;
 * what follows them belongs to the version and kind. Unknown ones are kept and passed on, not applied.
 */
export const MEMBERSHIP_VERSION = 1;
/** Says what is signed, so that no signature serves as one over anything else. */
const TAG = 'dfs-membership';
/** A body: 64 parents and, in a joint record, some hundreds of signers. */
export const MAX_MEMBERSHIP_BODY_BYTES = 32 * KiB;
/** Body and signatures. */
export const MAX_MEMBERSHIP_RECORD_BYTES = 96 * KiB;
/** Versions that are kept where the settings of a network do not say how many. */
export const RETAINED_VERSIONS = 5;
/** Members who sign one joint record. */
export const MAX_JOINT_SIGNERS = 512;

const RECORD_LIMITS: ScanLimits = { bytes: MAX_MEMBERSHIP_RECORD_BYTES, depth: 8, elements: 4096 };
/** Far beyond any clock, and far enough from 2^53 that adding to it stays exact. */
const MAX_TIME = 2 ** 52;

const id = () => shape.hex(32);
const name = () => shape.text(MAX_NAME_LENGTH);
const role = () => shape.oneOf('owner', 'member', 'storage');

/** Settings that an owner decides for the whole network. A map: a later release may add to it. */
const settings = shape.struct({
  networkName: name(),
  /** Copies wanted of every extent. */
  replicas: shape.int(1, 64),
  /** Milliseconds without a heartbeat after which a member no longer counts. */
  graceMs: shape.int(1 * second, 30 * day),
  /** Milliseconds for which replaced and deleted content is kept. */
  retentionMs: shape.int(0, 36_500 * day),
  /** Newest versions of a path that is not deleted of which the content is kept, however old they are. */
  retainedVersions: unless(RETAINED_VERSIONS, shape.int(1, 1000)),
  /** Milliseconds between two heartbeats, at most. */
  syncPeriodMs: shape.int(1 * second, 1 * day),
});
/** Settings that all members share. Times are milliseconds. */
export type NetworkSettings = Infer<typeof settings>;

const contents = {
  /** The first record of a network; its author is the first owner. */
  founding: shape.tuple({
    settings,
    /** Name of the founder's node. */
    name: name(),
    /** Random: two networks founded by one node in one millisecond are two. */
    nonce: shape.hex(16),
  }),
  /** `member` belongs to the network in this role, or takes on another role. */
  admission: shape.tuple({
    member: shape.peerId(),
    role: role(),
    /** The invite it came by: one admission for each. Null when an owner admits without one. */
    invite: shape.nullable(shape.hex(16)),
    /** The member's name for itself. */
    name: name(),
  }),
  removal: shape.tuple({
    member: shape.peerId(),
    /** Id of the member's last catalogue record that stays valid, with all it reaches by `prev`; null: it has none. */
    lastRecord: shape.nullable(id()),
    reason: shape.text(200),
  }),
  /** The latest one holds. */
  settings: shape.tuple({ settings }),
  /** More than half of the members make `member` an owner. Carries a signature of each of `signers`. */
  joint: shape.tuple({
    member: shape.peerId(),
    name: name(),
    /** In ascending order of their binary form; the author is one of them. */
    signers: shape.list(shape.peerId(), MAX_JOINT_SIGNERS),
  }),
} as const;
type Contents = typeof contents;
/** Kinds of membership records that this version applies. */
export type MembershipKind = keyof Contents;
/** Content of a membership record, told apart by `kind`. */
export type MembershipContent = { [K in MembershipKind]: { kind: K } & Infer<Contents[K]> }[MembershipKind];

const header = shape.tuple({
  version: shape.int(1),
  tag: shape.oneOf(TAG),
  /** Null in the founding record alone. */
  network: shape.nullable(id()),
  kind: shape.text(32),
  author: shape.peerId(),
  /** Milliseconds since 1970 by the author's clock. */
  time: shape.int(0, MAX_TIME),
  /** The heads of the set as its author knew it, in ascending order. */
  parents: shape.list(id(), MAX_PARENTS),
});
const HEADER_LENGTH = 7;

const envelope = shape.tuple({
  body: shape.bytes(1, MAX_MEMBERSHIP_BODY_BYTES),
  signatures: shape.list(shape.tuple({ signer: shape.peerId(), signature: shape.bytes(64) }), MAX_JOINT_SIGNERS),
});

/** One record that was read, its signatures verified. Whether its author might write it is for the whole set to say. */
export interface MembershipRecord {
  /** 64 hex digits. */
  readonly id: string;
  /** The envelope, as received. */
  readonly bytes: Uint8Array;
  /** 64 hex digits; of a founding record, its own id. */
  readonly networkId: string;
  readonly version: number;
  readonly kind: string;
  readonly author: string;
  readonly time: number;
  readonly parents: readonly string[];
  /** Undefined for a kind or version that is not known here. */
  readonly content: MembershipContent | undefined;
}

/** The author's part; the rest follows. */
export interface MembershipDraft {
  /** Null for a founding. */
  networkId: string | null;
  time: number;
  parents: readonly string[];
  content: MembershipContent;
}

/** Signs with one key: every kind but `joint`. */
export function signMembershipRecord(draft: MembershipDraft, signer: Signer): MembershipRecord {
  const body = membershipBody(draft, signer.peerId);
  return sealMembershipRecord(body, [{ signer: signer.peerId, signature: signer.sign(body) }]);
}

/** The bytes to be signed. */
export function membershipBody(draft: MembershipDraft, author: string): Uint8Array {
  const { kind, ...content } = draft.content;
  const of = contents[kind] as Shape<unknown>;
  const parents = [...draft.parents].sort();
  const { networkId: network, time } = draft;
  const head = header.form({ version: MEMBERSHIP_VERSION, tag: TAG, network, kind, author, time, parents });
  return encode([...(head as WireValue[]), of.form(content) ?? null]);
}

/** A body with its signatures. @throws DfsError `bad-request` when they do not fit it. */
export function sealMembershipRecord(
  body: Uint8Array,
  signatures: { signer: string; signature: Uint8Array }[],
): MembershipRecord {
  return readMembershipRecord(encodeAs(envelope, { body, signatures }));
}

/**
 * Reads an envelope and verifies every signature in it.
 * @throws DfsError `bad-request` for anything malformed, wrongly signed, or without its author's signature.
 */
export function readMembershipRecord(bytes: Uint8Array): MembershipRecord {
  const { body, signatures } = decodeAs(envelope, bytes, RECORD_LIMITS);
  const recordId = sha256Hex(body);
  const record = readBody(body, recordId, bytes);
  const signers = signatures.map(({ signer }) => signer);
  const expected = record.content?.kind === 'joint' ? record.content.signers : [record.author];
  if (record.content ? !sameList(signers, expected) : !signers.includes(record.author)) {
    throw refused('it is not signed by whom it should be');
  }
  if (new Set(signers).size !== signers.length) throw refused('somebody signed it twice');
  for (const { signer, signature } of signatures) {
    if (!verifySignature(signer, body, signature)) throw refused('a signature is wrong');
  }
  return record;
}

/**
 * Reads a body that is not signed yet: by one who is asked to sign it.
 * @throws DfsError `bad-request`
 */
export function readMembershipBody(body: Uint8Array): Omit<MembershipRecord, 'bytes'> {
  return readBody(body, sha256Hex(body), body);
}

/**
 * The id that an envelope claims, unverified: to tell whether the record is known already.
 * @throws DfsError `bad-request`
 */
export function membershipIdOf(bytes: Uint8Array): string {
  return sha256Hex(bodyOf(bytes));
}

/**
 * The kind of record that an envelope claims to hold, unverified; undefined for an unknown one.
 * @throws DfsError `bad-request`
 */
export function membershipKindOf(bytes: Uint8Array): MembershipKind | undefined {
  return readMembershipBody(bodyOf(bytes)).content?.kind;
}

function bodyOf(bytes: Uint8Array): Uint8Array {
  const value = decode(bytes, RECORD_LIMITS);
  const body = Array.isArray(value) ? (value as readonly WireValue[])[0] : undefined;
  if (!(body instanceof Uint8Array)) throw refused('it has no body');
  return body;
}

function readBody(body: Uint8Array, recordId: string, bytes: Uint8Array): MembershipRecord {
  const value = decode(body, RECORD_LIMITS);
  if (!Array.isArray(value) || value.length < HEADER_LENGTH) throw refused('its body is no list of the right length');
  const list = value as readonly WireValue[];
  const head = header.parse(list.slice(0, HEADER_LENGTH), 'record');
  const { version, network, kind, author, time, parents } = head;
  if (parents.some((parent, at) => at > 0 && parent <= (parents[at - 1] ?? ''))) {
    throw refused('its parents are not in order');
  }
  const known = version === MEMBERSHIP_VERSION && Object.hasOwn(contents, kind);
  const content = known ? readContent(kind as MembershipKind, list) : undefined;
  const founding = content?.kind === 'founding';
  if (founding ? network !== null || parents.length > 0 : network === null || parents.length === 0) {
    throw refused('it names no network or no parents');
  }
  if (content?.kind === 'joint') checkSigners(content.signers, author);
  return { id: recordId, bytes, networkId: network ?? recordId, version, kind, author, time, parents, content };
}

function readContent(kind: MembershipKind, list: readonly WireValue[]): MembershipContent {
  if (list.length !== HEADER_LENGTH + 1) throw refused('its body has more than belongs to its version');
  const of = contents[kind] as Shape<object>;
  return { kind, ...of.parse(list[HEADER_LENGTH], 'record.content') } as MembershipContent;
}

function checkSigners(signers: readonly string[], author: string): void {
  const form = signers.map((signer) => Buffer.from(shape.peerId().form(signer) as Uint8Array));
  const ordered = form.every((bytes, at) => at === 0 || Buffer.compare(form[at - 1] as Buffer, bytes) < 0);
  if (!ordered || !signers.includes(author)) throw refused('its signers are not in order, or its author is not one');
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

function refused(why: string): DfsError {
  return new DfsError('bad-request', `The membership record is refused: ${why}.`);
}
