import type { ServerResponse } from 'node:http';
import { escapeXml } from '@dfs/files';

/** The first line of each document. */
export const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** The namespace of all answers. */
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** An element with elements in it, as text that is XML already; those that are left out are none. */
export function element(name: string, ...content: (string | undefined)[]): string {
  return `<${name}>${content.join('')}</${name}>`;
}

/** An element with text in it; nothing where that is undefined. */
export function field(name: string, text: string | number | boolean | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** A whole document. */
export function documentOf(name: string, ...content: (string | undefined)[]): string {
  return `${XML}<${name} xmlns="${NAMESPACE}">${content.join('')}</${name}>`;
}

/** Sends a document. */
export function sendXml(response: ServerResponse, body: string, status = 200): void {
  const bytes = Buffer.from(body);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/xml; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  response.setHeader('Cache-Control', 'no-store');
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

/** Answers without a body. */
export function sendNothing(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  if (status !== 204) response.setHeader('Content-Length', 0);
  response.end();
}
