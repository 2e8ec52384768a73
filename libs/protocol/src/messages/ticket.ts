import { multiaddr } from '@multiformats/multiaddr';
import { sha256 } from '../ids/cid.js';
import { toBase32 } from '../ids/base32.js';
import { DfsError, second } from '@dfs/runtime';
import { decode } from '../codec/codec.js';
import { encodeAs, shape } from '../codec/schema.js';

/**
 * A ticket: what a person hands to a newcomer, or, as a return ticket, to a member that lost its database.
 * Text = `dfs1` + base32 (RFC 4648, lower case, no padding) of [length, message, check]:
 * length = u16 BE, bytes of all three; message = msgpack as below; check = first 4 bytes of SHA-256 of what is before it.
 * The two kinds differ in the number of elements of the message.
 */
const PREFIX = 'dfs1';
const LENGTH_BYTES = 2;
const CHECK_BYTES = 4;
/** Bytes of the secret: nobody guesses it. */
export const TICKET_SECRET_BYTES = 32;
/** Addresses of the inviter in one ticket; more would make it unwieldy. */
export const MAX_TICKET_ADDRESSES = 8;
/** No ticket is longer; nothing longer is looked at. */
export const MAX_TICKET_LENGTH = 4096;

const message = shape.tuple({
  networkId: shape.hex(32),
  inviter: shape.peerId(),
  /** Binary multiaddrs, without the peer id at their end. */
  addresses: shape.list(shape.bytes(1, 256), MAX_TICKET_ADDRESSES),
  secret: shape.bytes(TICKET_SECRET_BYTES),
  /** Seconds since 1970. */
  expires: shape.int(),
});

/** Elements of a return ticket's message. */
const RETURN_ELEMENTS = 4;
/** Of a return ticket. It holds no secret: it tells one member where its network is, and admits nobody. */
const returnMessage = shape.tuple({
  networkId: shape.hex(32),
  inviter: shape.peerId(),
  addresses: shape.list(shape.bytes(1, 256), MAX_TICKET_ADDRESSES),
  member: shape.peerId(),
});

/** Lets one node in. */
export interface Ticket {
  /** 64 hex digits. */
  networkId: string;
  /** Peer id of the owner who made it. */
  inviter: string;
  /** Multiaddrs, each ending in `/p2p/<inviter>`. */
  addresses: string[];
  /** 32 random bytes, never sent, good for one admission. */
  secret: Uint8Array;
  /** Milliseconds since 1970; whole seconds. */
  expiresAt: number;
}

/** Tells a member that lost its database where its network is. */
export interface ReturnTicket {
  /** 64 hex digits. */
  networkId: string;
  /** Peer id of the member who made it. */
  inviter: string;
  /** Multiaddrs, each ending in `/p2p/<inviter>`. */
  addresses: string[];
  /** Peer id of the member it is for. */
  member: string;
}

/** Addresses beyond the limit, and those that are no multiaddrs, are left out. */
export function encodeTicket({ networkId, inviter, addresses, secret, expiresAt }: Ticket): string {
  const expires = Math.floor(expiresAt / second);
  return pack(encodeAs(message, { networkId, inviter, addresses: binaryAddresses(addresses), secret, expires }));
}

/** The same of a return ticket. */
export function encodeReturnTicket({ networkId, inviter, addresses, member }: ReturnTicket): string {
  return pack(encodeAs(returnMessage, { networkId, inviter, addresses: binaryAddresses(addresses), member }));
}

function pack(body: Uint8Array): string {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(LENGTH_BYTES + body.length + CHECK_BYTES);
  const checked = Buffer.concat([length, body]);
  return PREFIX + toBase32(Buffer.concat([checked, sha256(checked).subarray(0, CHECK_BYTES)]));
}

/**
 * Reads what a person pasted: space and line breaks within it, and capitals, do no harm.
 * A return ticket has a `member`.
 * @throws DfsError `ticket-invalid` that says what is wrong with it.
 */
export function decodeTicket(text: string): Ticket | ReturnTicket {
  const compact = text
    .slice(0, MAX_TICKET_LENGTH + 1)
    .replace(/\s+/g, '')
    .toLowerCase();
  if (!compact.startsWith(PREFIX)) throw invalid('This is not a ticket: a ticket starts with dfs1.');
  if (text.length > MAX_TICKET_LENGTH) throw invalid('The ticket is too long: copy it again, and nothing beside it.');
  const bytes = unpack(compact.slice(PREFIX.length));
  const { networkId, inviter, ...body } = decodeBody(bytes.subarray(LENGTH_BYTES, -CHECK_BYTES));
  const place = { networkId, inviter, addresses: body.addresses.flatMap((address) => textAddress(address, inviter)) };
  if ('member' in body) return { ...place, member: body.member };
  return { ...place, secret: body.secret, expiresAt: body.expires * second };
}

function unpack(encoded: string): Buffer {
  const wrong = /[^a-z2-7]/.exec(encoded);
  if (wrong) throw invalid(`The ticket is mistyped: it cannot contain "${wrong[0]}". Copy it again as a whole.`);
  // Five bits a character; the bits left over at the end of a whole ticket are none of a byte.
  const bytes = Buffer.alloc(Math.floor((encoded.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of encoded) {
    held = ((held << 5) | ALPHABET.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  const announced = bytes.length >= LENGTH_BYTES ? bytes.readUInt16BE() : Infinity;
  if (bytes.length < announced)
    throw invalid('The ticket is cut short, or mistyped near its start. Copy it again as a whole.');
  const check = sha256(bytes.subarray(0, -CHECK_BYTES)).subarray(0, CHECK_BYTES);
  if (bytes.length > announced || !bytes.subarray(-CHECK_BYTES).equals(check) || toBase32(bytes) !== encoded) {
    throw invalid('The ticket is mistyped: its check does not fit. Copy it again as a whole.');
  }
  return bytes;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

function decodeBody(bytes: Uint8Array) {
  try {
    const value = decode(bytes);
    const isReturn = Array.isArray(value) && value.length === RETURN_ELEMENTS;
    return isReturn ? returnMessage.parse(value, 'message') : message.parse(value, 'message');
  } catch (cause) {
    throw invalid('The ticket is of a kind that this version does not know.', cause);
  }
}

function binaryAddresses(addresses: readonly string[]): Uint8Array[] {
  return addresses.flatMap((address) => binaryAddress(address) ?? []).slice(0, MAX_TICKET_ADDRESSES);
}

function binaryAddress(address: string): Uint8Array | undefined {
  try {
    return multiaddr(address.replace(/\/p2p\/[^/]+$/, '')).bytes;
  } catch {
    return undefined;
  }
}

function textAddress(bytes: Uint8Array, inviter: string): string[] {
  try {
    return [`${multiaddr(bytes).toString()}/p2p/${inviter}`];
  } catch {
    return [];
  }
}

function invalid(detail: string, cause?: unknown): DfsError {
  return new DfsError('ticket-invalid', detail, { errors: [{ field: 'ticket', detail }], cause });
}
