import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import type { Observable } from 'rxjs';
import { LARGE_JSON_BODY, STREAMED_BODY, announcedLength, parseJsonObject, requestBody } from '@dfs/files';
import { DfsError, KiB, MiB, invalidField, second } from '@dfs/runtime';
import { MAX_FIELD_LENGTH, UNKNOWN_FIELD, isInherited } from './validation.js';

const MAX_JSON_BYTES = 64 * KiB;
/** Of a list of a thousand files. */
const MAX_LARGE_JSON_BYTES = MiB;
/** A body that small is there at once, or its sender is holding a place. */
const PACE = { windowMs: 20 * second, bytes: MAX_JSON_BYTES };
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Reads the JSON body of every handler but those that read the request themselves. */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() === 'http' && Reflect.getMetadata(STREAMED_BODY, context.getHandler()) !== true) {
      const request = context.switchToHttp().getRequest<Request>();
      if (WITH_BODY.has(request.method)) {
        const large = Reflect.getMetadata(LARGE_JSON_BODY, context.getHandler()) === true;
        request.body = await readJson(request, large ? MAX_LARGE_JSON_BYTES : MAX_JSON_BYTES);
      }
    }
    return next.handle();
  }
}

async function readJson(request: Request, limit: number): Promise<object> {
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
  const body = parseJsonObject(await readText(request, announced, limit), 'The body');
  refuseUnseen(body);
  return body;
}

async function readText(request: Request, announced: number | undefined, limit: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = announced ?? 0;
  if (size <= limit) {
    size = 0;
    for await (const part of requestBody(request, PACE)) {
      size += part.length;
      if (size > limit) break;
      parts.push(part);
    }
  }
  if (size > limit) {
    throw new DfsError('payload-too-large', `The JSON body is larger than ${limit / KiB} KiB.`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new DfsError('bad-request', 'The body is not UTF-8.', { cause });
  }
}

/** Fields to which null says something, no limit; of an entry of a list, whichever it is. */
const TAKES_NULL = new Set(
  ['limits', 'limitSchedule'].flatMap((of) => [`${of}.uploadBytesPerSecond`, `${of}.downloadBytesPerSecond`]),
);
/** The place of an entry in a list. */
const PLACE = /\.\d+(?=\.)/g;

/**
 * Fields that validation would pass over as if they had been left out, at whatever depth: null for an optional one
 * (class-validator), and the names of what every object has (class-transformer). No field of the API is called so, and few
 * take null. A body has few levels: those that have more were refused.
 */
function refuseUnseen(value: object, parent = ''): void {
  for (const [field, inner] of Object.entries(value) as [string, unknown][]) {
    const name = `${parent}${field}`.slice(0, MAX_FIELD_LENGTH);
    if (inner === null && !TAKES_NULL.has(name.replace(PLACE, '')))
      throw invalidField(name, 'must not be null: leave it out');
    if (isInherited(field)) throw invalidField(name, UNKNOWN_FIELD);
    if (typeof inner === 'object' && inner !== null) refuseUnseen(inner, `${name}.`);
  }
}
