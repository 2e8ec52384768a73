import { All, Controller, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { callerOf, Files, StreamedBody, type Caller } from '@dfs/files';
import { sendNothing, sendXml } from '../answers/xml.js';
import { signedOf } from '../auth/signed.js';
import type { Signed } from '../auth/verify.js';
import { Payload } from '../body/payload.js';
import { fixedAnswer, listBuckets, notHere } from '../buckets/bucket.js';
import { listObjects } from '../buckets/list.js';
import { s3Error } from '../errors.js';
import { MAX_XML_BYTES } from '../limits.js';
import { copyObject } from '../objects/copy.js';
import { MultipartObjects } from '../objects/multipart.js';
import { MultipartUploads } from '../uploads/multipart.js';
import { deleteObjects } from '../objects/delete-many.js';
import { sendObject } from '../objects/read.js';
import { requirePlainWrite } from '../objects/keys.js';
import { deleteObject, putObject } from '../objects/write.js';
import { addressOf, type Address } from './address.js';

/** A request whose signature was found right. */
interface Call {
  request: Request;
  response: Response;
  caller: Caller;
  signed: Signed;
  address: Address;
}

const READS = new Set(['GET', 'HEAD']);

/**
 * A subset of S3, by addresses with the bucket in their path. Its clients choose what is done by method and query, and keys may
 * have any form: so there is one route, and no decoding before ours.
 */
@ApiExcludeController()
@Controller()
export class S3Controller {
  private readonly multipart: MultipartObjects;

  constructor(
    private readonly files: Files,
    uploads: MultipartUploads,
  ) {
    this.multipart = new MultipartObjects(files, uploads);
  }

  @All(['s3', 's3/*key'])
  @StreamedBody()
  async handle(@Req() request: Request, @Res() response: Response): Promise<void> {
    response.setHeader('x-amz-request-id', String(response.getHeader('X-Request-Id') ?? ''));
    const address = addressOf(request.originalUrl);
    const call = { request, response, address, caller: callerOf(request), signed: signedOf(request) };
    if (address.bucket === undefined) return sendXml(response, await listBuckets(this.files, call.caller));
    const fixed = fixedAnswer(request.method, address.query, address.key !== undefined);
    if (fixed !== undefined) return sendXml(response, fixed);
    if (!READS.has(request.method)) requirePlainWrite(address.query);
    await (address.key === undefined ? this.bucket(call) : this.object(call, address.key));
  }

  private async bucket({ request, response, caller, signed, address }: Call): Promise<void> {
    switch (request.method) {
      case 'HEAD':
        return sendNothing(response, 200, { 'x-amz-bucket-region': 'us-east-1' });
      case 'GET':
        if (address.query.has('uploads')) return sendXml(response, await this.multipart.list(caller, address));
        return sendXml(response, await listObjects(this.files, caller, address));
      case 'PUT':
        // It is there already, and belongs to the one who asks.
        return sendNothing(response, 200, { Location: `/${address.bucket}` });
      case 'DELETE':
        throw s3Error('BucketNotEmpty', 'The one bucket has all files of the network, and cannot be deleted.');
      case 'POST': {
        if (!address.query.has('delete')) throw notHere('form for browsers');
        const body = await Payload.of(request, signed).whole(MAX_XML_BYTES);
        return sendXml(response, await deleteObjects(this.files, caller, body));
      }
      default:
        throw notTaken(request.method);
    }
  }

  private object({ request, response, caller, signed, address }: Call, key: string): Promise<void> {
    const { query } = address;
    if (MultipartObjects.isMeant(request.method, query)) {
      return this.multipart.handle({ request, response, caller, signed, address, key });
    }
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return sendObject(this.files, { caller, key, query, isPresigned: signed.isPresigned }, request, response);
      case 'PUT':
        if (request.headers['x-amz-copy-source'] !== undefined)
          return copyObject(this.files, caller, key, request, response);
        return putObject(this.files, { caller, key, signed }, request, response);
      case 'DELETE':
        return deleteObject(this.files, { caller, key }, request, response);
      default:
        throw notTaken(request.method);
    }
  }
}

function notTaken(method: string): Error {
  return s3Error('MethodNotAllowed', `S3 has no ${method.slice(0, 20)} at this address.`);
}
