import type { Request, Response } from 'express';
import { byteRanges, goneSignal, type Caller, type Files, type XmlElement } from '@dfs/files';
import { createHash } from 'node:crypto';
import { bareTag, etagOf } from '../answers/etag.js';
import { sendLate } from '../answers/late.js';
import { documentOf, element, field, sendNothing, sendXml } from '../answers/xml.js';
import type { Signed } from '../auth/verify.js';
import { announcedChecksums, Checksums } from '../body/checksums.js';
import { Payload } from '../body/payload.js';
import { encodingOf, keyTold, limitOf, textOf } from '../buckets/list-query.js';
import { s3Error } from '../errors.js';
import { copySourceOf, type Address, type Query } from '../http/address.js';
import { metaOf, refuseHeaders } from '../http/object-headers.js';
import { elementsIn, parseXml, textIn } from '../http/xml-body.js';
import { MAX_PARTS, MAX_XML_BYTES } from '../limits.js';
import type { MultipartUploads, NamedPart, PartBody, S3Upload } from '../uploads/multipart.js';
import { openSource } from './copy.js';
import { namedBy, writeConditions } from './keys.js';

/** A request about a multipart upload, its signature found right. */
export interface MultipartCall {
  request: Request;
  response: Response;
  caller: Caller;
  signed: Signed;
  address: Address;
  key: string;
}

const COPY_SOURCE = 'x-amz-copy-source';
const NOTHING: ReadonlyMap<string, string> = new Map();

/** Requests of S3 about uploads that come in parts. */
export class MultipartObjects {
  constructor(
    private readonly files: Pick<Files, 'openShown' | 'shownAt'>,
    private readonly uploads: MultipartUploads,
  ) {}

  /** Whether a request is about an upload that comes in parts. */
  static isMeant(method: string, query: Query): boolean {
    return query.has('uploadId') || (method === 'POST' && query.has('uploads'));
  }

  /** @throws DfsError as an upload of files; of S3 */
  async handle(call: MultipartCall): Promise<void> {
    const { request, response, caller, address, key } = call;
    const path = fileOf(caller, key);
    const id = textOf(address.query, 'uploadId');
    if (id === undefined) return this.begin(call, path);
    const upload = await this.uploads.find(caller, id, path);
    switch (request.method) {
      case 'PUT':
        return this.putPart(call, upload);
      case 'GET':
        return sendXml(response, await this.parts(call, upload));
      case 'POST':
        return this.complete(call, upload);
      case 'DELETE':
        await this.uploads.abort(upload);
        return sendNothing(response, 204);
      default:
        throw s3Error('MethodNotAllowed', `An upload takes no ${request.method.slice(0, 20)}.`);
    }
  }

  /** ListMultipartUploads: those of the key that asks. @throws DfsError of S3 */
  async list(caller: Caller, { bucket = '', query }: Address): Promise<string> {
    const [prefix = '', delimiter = '', keyMarker = '', idMarker = ''] = [
      ...['prefix', 'delimiter', 'key-marker', 'upload-id-marker'],
    ].map((name) => textOf(query, name));
    const isEncoded = encodingOf(query);
    const limit = limitOf(query.get('max-uploads'));
    const told = (key: string): string => keyTold(key, isEncoded);
    const all = (await this.uploads.open(caller)).map((upload) => ({ ...upload, key: upload.path }));
    const seen = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
    const rest = all.filter(({ key }, at) => key.startsWith(prefix) && (seen >= 0 ? at > seen : key > keyMarker));
    const groupOf = (key: string): string | undefined => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return at < 0 ? undefined : key.slice(0, at + delimiter.length);
    };
    const page = rest.slice(0, limit);
    const groups = new Set(page.flatMap(({ key }) => groupOf(key) ?? []));
    const last = rest.length > page.length ? page.at(-1) : undefined;
    return documentOf(
      'ListMultipartUploadsResult',
      ...[field('Bucket', bucket), field('KeyMarker', told(keyMarker)), field('UploadIdMarker', idMarker)],
      ...(last ? [field('NextKeyMarker', told(last.key)), field('NextUploadIdMarker', last.id)] : []),
      ...[field('Prefix', told(prefix)), field('Delimiter', delimiter === '' ? undefined : told(delimiter))],
      ...[isEncoded ? field('EncodingType', 'url') : undefined, field('MaxUploads', limit)],
      field('IsTruncated', last !== undefined),
      ...page
        .filter(({ key }) => groupOf(key) === undefined)
        .map(({ key, id, owner, createdAt }) =>
          element(
            'Upload',
            ...[field('Key', told(key)), field('UploadId', id), person('Initiator', owner), person('Owner', owner)],
            field('StorageClass', 'STANDARD'),
            field('Initiated', new Date(createdAt).toISOString()),
          ),
        ),
      ...[...groups].map((group) => element('CommonPrefixes', field('Prefix', told(group)))),
    );
  }

  private async begin({ request, response, caller, address, key }: MultipartCall, path: string): Promise<void> {
    refuseHeaders(request);
    const mediaType = request.headers['content-type'];
    const id = await this.uploads.begin(caller, { path, mediaType, attributes: metaOf(request) });
    const body = documentOf(
      'InitiateMultipartUploadResult',
      ...[field('Bucket', address.bucket), field('Key', key), field('UploadId', id)],
    );
    sendXml(response, body);
  }

  private async putPart(
    { request, response, caller, signed, address }: MultipartCall,
    upload: S3Upload,
  ): Promise<void> {
    const number = partNumberOf(address.query);
    const signal = goneSignal(response);
    if (request.headers[COPY_SOURCE] !== undefined) {
      const body = await this.copiedBody(caller, request, signal);
      const storedAt = await this.uploads.putPart(upload, number, body, signal);
      const found = [field('LastModified', new Date(storedAt).toISOString()), field('ETag', tagOf(body.md5))];
      return sendXml(response, documentOf('CopyPartResult', ...found));
    }
    const payload = Payload.of(request, signed);
    await this.uploads.putPart(upload, number, payload, signal);
    sendNothing(response, 200, { ETag: tagOf(payload.md5), ...payload.told() });
  }

  /** UploadPartCopy: a range of a file, or all of it. */
  private async copiedBody(caller: Caller, request: Request, signal: AbortSignal): Promise<PartBody> {
    const source = namedBy(caller, copySourceOf(String(request.headers[COPY_SOURCE])));
    if (source.isFolder) throw s3Error('InvalidRequest', 'A folder has no bytes that a part could be made of.');
    const { content } = await openSource(this.files, source.path, request);
    const header = request.headers[`${COPY_SOURCE}-range`];
    const [range, ...more] = header === undefined ? [] : (byteRanges(String(header), content.size) ?? []);
    if (header !== undefined && (range === undefined || more.length > 0)) {
      throw s3Error('InvalidArgument', `${COPY_SOURCE}-range must be one range of the source, such as bytes=0-9.`);
    }
    const { offset, length } = range ?? { offset: 0, length: content.size };
    return hashed(content.read({ offset, length }, signal), length);
  }

  private async complete({ request, response, signed, address, key }: MultipartCall, upload: S3Upload): Promise<void> {
    const conditions = await writeConditions(this.files, upload.path, request.headers);
    const body = Payload.withoutChecksums(request, signed);
    const parts = namedParts(await body.whole(MAX_XML_BYTES));
    const sums = checksumsOfAll(request);
    const signal = goneSignal(response);
    await sendLate(response, async () => {
      const entry = await this.uploads.complete(upload, {
        ...{ parts, conditions, signal },
        ...(sums && { onBytes: (bytes) => sums.update(bytes), onEnd: () => sums.check(NOTHING) }),
      });
      return documentOf(
        'CompleteMultipartUploadResult',
        ...[field('Location', address.path), field('Bucket', address.bucket), field('Key', key)],
        field('ETag', `"${etagOf(entry)}"`),
      );
    });
  }

  private async parts({ address, key }: MultipartCall, upload: S3Upload): Promise<string> {
    const { query, bucket } = address;
    const limit = limitOf(query.get('max-parts'));
    const marker = limitOfMarker(query.get('part-number-marker'));
    const found = await this.uploads.parts(upload, marker, limit + 1);
    const page = found.slice(0, limit);
    const last = found.length > page.length ? page.at(-1) : undefined;
    return documentOf(
      'ListPartsResult',
      ...[field('Bucket', bucket), field('Key', key), field('UploadId', upload.id)],
      ...[person('Initiator', upload.owner), person('Owner', upload.owner), field('StorageClass', 'STANDARD')],
      ...[field('PartNumberMarker', marker), field('NextPartNumberMarker', last?.number), field('MaxParts', limit)],
      field('IsTruncated', last !== undefined),
      ...page.map((part) =>
        element(
          'Part',
          ...[field('PartNumber', part.number), field('LastModified', new Date(part.storedAt).toISOString())],
          ...[field('ETag', tagOf(part.md5)), field('Size', part.size)],
        ),
      ),
    );
  }
}

function fileOf(caller: Caller, key: string): string {
  const { path, isFolder } = namedBy(caller, key);
  if (isFolder) throw s3Error('InvalidArgument', 'A key that ends with / is a folder, which has no parts.');
  return path;
}

function partNumberOf(query: Query): number {
  const text = query.get('partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw s3Error('InvalidArgument', `partNumber must be from 1 to ${MAX_PARTS}.`);
}

function limitOfMarker(text = '0'): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw s3Error('InvalidArgument', 'part-number-marker must be the number of a part.');
}

/** @throws DfsError of S3 `MalformedXML` */
function namedParts(xml: Uint8Array): NamedPart[] {
  const parts = elementsIn(parseXml(xml, 'CompleteMultipartUpload'), 'Part');
  if (parts.length === 0 || parts.length > MAX_PARTS) {
    throw s3Error('MalformedXML', `An upload is ended with the names of 1 to ${MAX_PARTS} parts.`);
  }
  return parts.map(namedPart);
}

function namedPart(part: XmlElement): NamedPart {
  const [number = '', tag = ''] = [textIn(part, 'PartNumber'), textIn(part, 'ETag')].map((text) => text?.trim());
  if (!/^\d{1,5}$/.test(number) || tag === '') {
    throw s3Error('MalformedXML', 'Each Part must have a PartNumber and an ETag.');
  }
  return { number: Number(number), tag: bareTag(tag).toLowerCase() };
}

/** Those over all of the file; the sums of the sums of parts were looked at part by part. */
function checksumsOfAll({ headers }: Request): Checksums | undefined {
  if (String(headers['x-amz-checksum-type'] ?? '').toUpperCase() !== 'FULL_OBJECT') return undefined;
  const announced = announcedChecksums(headers);
  return announced.size === 0 ? undefined : new Checksums(announced);
}

function hashed(source: AsyncIterable<Uint8Array>, size: number): PartBody {
  const hash = createHash('md5');
  let md5: Buffer | undefined;
  return {
    size,
    get md5(): Buffer {
      return md5 as Buffer;
    },
    async *[Symbol.asyncIterator]() {
      for await (const bytes of source) {
        hash.update(bytes);
        yield bytes;
      }
      md5 = hash.digest();
    },
  };
}

function tagOf(md5: Uint8Array): string {
  return `"${Buffer.from(md5).toString('hex')}"`;
}

function person(name: string, id: string): string {
  return element(name, field('ID', id), field('DisplayName', id));
}
