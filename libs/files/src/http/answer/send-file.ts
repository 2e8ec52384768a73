import type { Request, Response } from 'express';
import type { Files } from '../../files.js';
import { goneSignal } from '../body/request-body.js';
import { sendContent } from './send-content.js';

/** A read of a file, as its query asks for it. */
export interface FileRead {
  version?: string;
  /** `1`: shown in a page where its type is harmless. */
  inline?: '0' | '1';
}

/** Sends the bytes of a file, whole or a range. @throws DfsError as `open` of files and `sendContent` */
export async function sendFile(
  files: Pick<Files, 'open' | 'inlineType'>,
  fileId: string,
  { version, inline }: FileRead,
  request: Request,
  response: Response,
): Promise<void> {
  const content = await files.open(fileId, version);
  const type = inline === '1' ? await files.inlineType(content, goneSignal(response)) : null;
  await sendContent(request, response, content, type);
}
