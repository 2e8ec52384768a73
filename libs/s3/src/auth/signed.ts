import type { Signed } from './verify.js';

const signed = new WeakMap<object, Signed>();

/** To be called when the signature of a request has been found right, before the request meets a route. */
export function setSigned(request: object, found: Signed): void {
  signed.set(request, found);
}

/** The facts that the signature of a request tells of it. */
export function signedOf(request: object): Signed {
  const found = signed.get(request);
  if (!found) throw new Error('a request to S3 has come past the door, and its signature was not looked at');
  return found;
}
