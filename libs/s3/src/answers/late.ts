import type { ServerResponse } from 'node:http';
import { isDfsError, second, unexpected } from '@dfs/runtime';
import { errorXml } from './error.js';
import { sendXml, XML } from './xml.js';

/** Clients take a minute without a byte for the end of a connection. */
const PATIENCE = 10 * second;

/**
 * Answers with a document that may take long to come about: then the answer begins before it is known, goes on with spaces, and may
 * be an error in spite of its status, as S3 has it.
 * @throws what `work` throws; told by now, where the answer has begun
 */
export async function sendLate(
  response: ServerResponse,
  work: () => Promise<string>,
  patience: number = PATIENCE,
): Promise<void> {
  const timer = setInterval(() => goOn(response), patience);
  try {
    const body = await work();
    if (!response.headersSent) return sendXml(response, body);
    await ended(response, body.slice(XML.length));
  } catch (error) {
    if (response.headersSent) {
      const requestId = String(response.getHeader('X-Request-Id') ?? '');
      const told = isDfsError(error) ? error : unexpected(error);
      await ended(response, errorXml(told, { requestId, instance: '' }));
    }
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function goOn(response: ServerResponse): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.write(' ');
    return;
  }
  response.statusCode = 200;
  response.setHeader('Content-Type', 'application/xml; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.write(XML);
}

async function ended(response: ServerResponse, body: string): Promise<void> {
  // Nobody is told any more, of the end of the answer either.
  if (response.destroyed) return;
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.end(body, resolve);
  });
}
