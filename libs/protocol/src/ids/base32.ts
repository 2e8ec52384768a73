// RFC 4648 in lower case without padding, as `multiformats` has it, but four times as fast and without garbage: ids are
// written and read a dozen times for each small file.

const ALPHABET = Buffer.from('abcdefghijklmnopqrstuvwxyz234567');
const INVALID = 255;
const VALUES = new Uint8Array(256).fill(INVALID);
ALPHABET.forEach((code, value) => (VALUES[code] = value));

/** RFC 4648 in lower case and without padding; the last bits of the last character are zero. */
export function toBase32(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(Math.ceil((bytes.length * 8) / 5));
  let [at, bits, left] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    bits = ((bits << 8) | bytes[i]!) & 0xfff;
    left += 8;
    while (left >= 5) {
      left -= 5;
      text[at++] = ALPHABET[(bits >>> left) & 31]!;
    }
  }
  if (left > 0) text[at] = ALPHABET[(bits << (5 - left)) & 31]!;
  return text.toString('latin1');
}

/**
 * The bytes that `text` says from `from` on, in a part of memory that Node hands out in pieces: most of them go on as hex digits or as a key,
 * which only a Buffer becomes without more. Each sequence of bytes has one text.
 * @throws SyntaxError for another character, a length that no bytes have, or bits after the last byte
 */
export function fromBase32(text: string, from = 0): Buffer {
  const length = text.length - from;
  const bytes = Buffer.allocUnsafe(Math.floor((length * 5) / 8));
  let [at, bits, left] = [0, 0, 0];
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 256 ? VALUES[code]! : INVALID;
    if (value === INVALID) throw new SyntaxError('not base32');
    bits = ((bits << 5) | value) & 0xfff;
    left += 5;
    if (left >= 8) {
      left -= 8;
      bytes[at++] = (bits >>> left) & 255;
    }
  }
  if (left >= 5 || (bits & ((1 << left) - 1)) !== 0) throw new SyntaxError('not the base32 of whole bytes');
  return bytes;
}
