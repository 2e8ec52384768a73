import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { equalSecrets } from '../secrets.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** 80 bits: named in lists and logs, and no secret. */
const ID_LENGTH = 16;
const KEY_BYTES = 32;
const TOKEN = /^dfsk_([a-z2-7]{16})_([A-Za-z0-9_-]{43})$/;

/** A key as its holder shows it. */
export interface ShownKey {
  id: string;
  secret: string;
}

/** Makes and knows the secrets of keys: HMAC of the id, by a key that follows from that of the node and the generation. */
export class KeySecrets {
  private readonly key: Buffer;

  constructor(privateKeyRaw: Uint8Array, generation: number) {
    this.key = Buffer.from(hkdfSync('sha256', privateKeyRaw, '', `api-keys ${generation}`, KEY_BYTES));
  }

  /** 43 characters of base64url. */
  secretOf(id: string): string {
    return createHmac('sha256', this.key).update(id).digest('base64url');
  }

  isRight({ id, secret }: ShownKey): boolean {
    return equalSecrets(secret, this.secretOf(id));
  }
}

/** A new one. */
export function newKeyId(): string {
  return Array.from(randomBytes(ID_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** The secret that goes behind `Authorization: Bearer`. */
export function tokenOf({ id, secret }: ShownKey): string {
  return `dfsk_${id}_${secret}`;
}

/** The other way; undefined for what cannot be a key. */
export function shownKey(token: string): ShownKey | undefined {
  const [, id, secret] = TOKEN.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
