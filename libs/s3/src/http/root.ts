import type { IncomingMessage } from 'node:http';
import { ALGORITHM } from '../auth/canonical.js';
import { S3_PREFIX } from '../limits.js';

const UNDER_PREFIX = new RegExp(`^${S3_PREFIX}(?:[/?]|$)`, 'i');
const SIGNED_ADDRESS = new RegExp(`[?&]X-Amz-Algorithm=${ALGORITHM}(?:&|$)`);

/**
 * Takes what is signed as requests to S3 are for one of them, wherever it stands: many of its clients take no path in an endpoint. To be
 * called before anything reads the address. Nothing else here is signed so.
 */
export function takeSigned(request: Pick<IncomingMessage, 'url' | 'headers'>): void {
  const { url = '/', headers } = request;
  if (UNDER_PREFIX.test(url) || !url.startsWith('/')) return;
  const isSigned = headers.authorization?.startsWith(`${ALGORITHM} `) === true || SIGNED_ADDRESS.test(url);
  if (isSigned) request.url = S3_PREFIX + url;
}
