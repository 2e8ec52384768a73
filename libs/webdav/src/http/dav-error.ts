import { escapeXml } from '@dfs/files';
import type { ErrorCode } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import { XML_HEAD } from '../xml/element.js';
import { hrefOf } from './address.js';

/** Conditions of RFC 4918 §16 by which a client knows a refusal. */
export type DavCondition =
  | 'propfind-finite-depth'
  | 'lock-token-submitted'
  | 'lock-token-matches-request-uri'
  | 'no-conflicting-lock'
  | 'cannot-modify-protected-property';

/** A refusal that has a condition of WebDAV, and the paths that it is about. */
export class DavError extends DfsError {
  constructor(
    code: ErrorCode,
    detail: string,
    readonly condition: DavCondition,
    readonly paths: readonly string[] = [],
  ) {
    super(code, detail);
  }
}

/**
 * Codes that have another status here. To a client of WebDAV 409 says that the folder above is missing: Finder takes what it
 * wanted to delete for gone. A file that has come to where one is to go is one that may not be replaced.
 */
const STATUS: Partial<Record<ErrorCode, number>> = { 'mass-deletion': 403, conflict: 403, 'path-exists': 412 };

/** The status of an error under `/dav/`. */
export function davStatus(error: DfsError): number {
  return error instanceof DavError ? error.status : (STATUS[error.code] ?? error.status);
}

/** An error as the body of an answer under `/dav/`: the condition of WebDAV, where there is one, our code and sentence. */
export function davProblem(error: DfsError, { requestId, base }: { requestId: string; base: string }): string {
  const parts = [
    error instanceof DavError ? conditionOf(error, base) : '',
    `<dfs:code>${error.code}</dfs:code>`,
    `<dfs:message>${escapeXml(error.message)}</dfs:message>`,
    `<dfs:request-id>${escapeXml(requestId)}</dfs:request-id>`,
  ];
  return `${XML_HEAD}<D:error xmlns:D="DAV:" xmlns:dfs="${PROBLEM_NAMESPACE}">${parts.join('')}</D:error>`;
}

/** Namespace of what is ours in an error. */
const PROBLEM_NAMESPACE = 'urn:dfs:problem';

function conditionOf({ condition, paths }: DavError, base: string): string {
  const hrefs = paths.map((path) => `<D:href>${escapeXml(hrefOf(base, path, false))}</D:href>`);
  return hrefs.length === 0 ? `<D:${condition}/>` : `<D:${condition}>${hrefs.join('')}</D:${condition}>`;
}
