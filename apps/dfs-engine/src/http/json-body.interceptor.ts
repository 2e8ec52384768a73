import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import type { Observable } from 'rxjs';
import { STREAMED_BODY, announcedLength, requestBody } from '@dfs/files';
import { DfsError, KiB, invalidField, second } from '@dfs/protocol';
import { MAX_FIELD_LENGTH } from './validation.js';

const MAX_JSON_BYTES = 64 * KiB;
/** A body that small is there at once, or its sender is holding a place. */
const PACE = { windowMs: 20 * second, bytes: MAX_JSON_BYTES };
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Reads the JSON body of every handler but those that read the request themselves. */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() === 'http' && Reflect.getMetadata(STREAMED_BODY, context.getHandler()) !== true) {
      const request = context.switchToHttp().getRequest<Request>();
      if (WITH_BODY.has(request.method)) request.body = await readJson(request);
    }
    return next.handle();
  }
}

async function readJson(request: Request): Promise<object> {
  const { 'content-type': type, 'transfer-encoding': coded } = request.headers;
  const announced = announcedLength(request);
  if (coded === undefined && (announced ?? 0) === 0) return {};
  if (!/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type ?? '')) {
    throw new DfsError(
      'unsupported-media-type',
      'This address takes JSON: send it with Content-Type application/json.',
    );
  }
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new DfsError('unsupported-media-type', 'Send the JSON without Content-Encoding.');
  }
  return parseObject(await readText(request, announced));
}

async function readText(request: Request, announced: number | undefined): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = announced ?? 0;
  if (size <= MAX_JSON_BYTES) {
    size = 0;
    for await (const part of requestBody(request, PACE)) {
      size += part.length;
      if (size > MAX_JSON_BYTES) break;
      parts.push(part);
    }
  }
  if (size > MAX_JSON_BYTES) {
    throw new DfsError('payload-too-large', `The JSON body is larger than ${MAX_JSON_BYTES / KiB} KiB.`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new DfsError('bad-request', 'The body is not UTF-8.', { cause });
  }
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DfsError('bad-request', 'The body is not valid JSON.', { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // Class-transformer passes over it: it would be the one unknown field that is not refused.
    if (Object.hasOwn(value, '__proto__'))
      throw new DfsError('bad-request', 'The body has a field that nobody means: __proto__.');
    refuseNull(value);
    return value;
  }
  throw new DfsError('bad-request', 'The body must be a JSON object, such as {"address": "…"}.');
}

/** No field takes null, and class-validator passes over one that is optional, as if it had been left out. */
function refuseNull(body: object): void {
  for (const [field, value] of Object.entries(body)) {
    if (value === null) throw invalidField(field.slice(0, MAX_FIELD_LENGTH), 'must not be null: leave it out');
  }
}
