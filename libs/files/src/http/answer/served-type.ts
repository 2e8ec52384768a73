const OPAQUE = 'application/octet-stream';
/** Scripts under all names they have had (WHATWG MIME Sniffing §4.6), and what compiles to them. */
const SCRIPT = /^(?:text|application)\/(?:x-)?(?:java|ecma|j|live|vb)script(?:\d+(?:\.\d+)*)?$/;
const ACTIVE = new Set([
  'text/html',
  'text/css',
  'text/xml',
  'text/xsl',
  'application/xml',
  'application/xml-dtd',
  'application/xml-external-parsed-entity',
  'text/xml-external-parsed-entity',
  'application/wasm',
  'application/x-shockwave-flash',
  'multipart/x-mixed-replace',
  'multipart/related',
  'text/cache-manifest',
]);
/** Destinations of a request (Fetch §2.2.5) in which an answer would do something, whatever its type is. */
const ACTIVE_DESTINATIONS = new Set([
  'script',
  'style',
  'worker',
  'sharedworker',
  'serviceworker',
  'audioworklet',
  'paintworklet',
  'xslt',
  'manifest',
  'json',
  'speculationrules',
  'embed',
  'object',
]);

/**
 * The type a stored content is sent with: its own, unless that is of scripts, styles or markup. A page of the console that
 * names such a file could run it otherwise; what the file is stays known from its listing.
 */
export function servedType(mediaType: string): string {
  const essence = (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase();
  return ACTIVE.has(essence) || SCRIPT.test(essence) || essence.endsWith('+xml') ? OPAQUE : mediaType;
}

/** Whether a browser asks for a content to run or apply it. Told over HTTPS and on loopback alone: a second guard. */
export function isForUse(destination: string | string[] | undefined): boolean {
  return typeof destination === 'string' && ACTIVE_DESTINATIONS.has(destination.trim().toLowerCase());
}
