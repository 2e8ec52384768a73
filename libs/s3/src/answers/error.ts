import type { DfsError } from '@dfs/runtime';
import { toldAs } from '../errors.js';
import { element, field, XML } from './xml.js';

/** The request that an error ends. */
export interface ErrorContext {
  requestId: string;
  /** Its path. */
  instance: string;
}

/** The HTTP status of an error by S3. */
export function s3Status(error: DfsError): number {
  return toldAs(error).status;
}

/** An error as the document that S3 has for it: its code, and our sentence. */
export function s3Problem(error: DfsError, context: ErrorContext): string {
  return XML + errorXml(error, context);
}

/** The element of such a document. */
export function errorXml(error: DfsError, { requestId, instance }: ErrorContext): string {
  const { code, detail } = toldAs(error);
  return element(
    'Error',
    field('Code', code),
    field('Message', detail),
    field('Resource', instance),
    field('RequestId', requestId),
  );
}
