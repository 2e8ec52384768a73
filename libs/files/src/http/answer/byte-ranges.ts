/** A run of bytes of a content. */
export interface ByteRange {
  offset: number;
  length: number;
}

const SET = /^bytes=(.*)$/i;
/** A first and perhaps a last position, or the length of a suffix. */
const RANGE = /^(?:(\d+)-(\d*)|-(\d+))$/;
/** Optional white space of RFC 9110 §5.6.3: no other kind. */
const COMMA = /[ \t]*,[ \t]*/;

/**
 * The ranges that a `Range` header asks for (RFC 9110 §14.1.2), as far as a content of `size` bytes has them, in the order
 * of the header; empty when it has none of them.
 * @returns undefined for a header that is to be ignored: another unit, a range that ends before it begins, no syntax
 */
export function byteRanges(header: string, size: number): ByteRange[] | undefined {
  const [, set] = SET.exec(header) ?? [];
  // A list may have empty elements (RFC 9110 §5.6.1.2), but not those alone.
  const specs = set?.split(COMMA).filter((spec) => spec !== '') ?? [];
  if (specs.length === 0) return undefined;
  const found: ByteRange[] = [];
  for (const spec of specs) {
    const range = rangeOf(spec, size);
    if (range === 'invalid') return undefined;
    if (range.length > 0) found.push(range);
  }
  return found;
}

/** One range, cut to the content: of length 0 when it lies outside. */
function rangeOf(spec: string, size: number): ByteRange | 'invalid' {
  const [, first, last, suffix] = RANGE.exec(spec) ?? [];
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    // All of nothing can be had, but no Content-Range can say so: the whole is answered.
    if (size === 0 && Number(suffix) > 0) return 'invalid';
    return { offset: size - length, length };
  }
  if (first === undefined) return 'invalid';
  const offset = Number(first);
  const end = last === '' ? Infinity : Number(last);
  if (end < offset) return 'invalid';
  return { offset, length: Math.max(0, Math.min(end + 1, size) - offset) };
}
