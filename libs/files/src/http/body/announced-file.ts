import type { IncomingMessage } from 'node:http';
import type { UploadRequest } from '../../write/upload.js';
import { announcedAttributes } from '../headers/attribute-headers.js';
import { announcedDigests } from '../headers/digest-header.js';
import { announcedLength, refuseCodings, requireLength } from './request-body.js';

/** The facts that the headers of a request tell of the file that is its body. */
export type AnnouncedUpload = Required<Pick<UploadRequest, 'digests' | 'attributes'>> &
  Pick<UploadRequest, 'mediaType' | 'size'>;

/** @throws DfsError `length-required`, `unsupported-media-type` for a body with a coding, `validation-failed` */
export function announcedFile(request: IncomingMessage): AnnouncedUpload {
  requireLength(request);
  refuseCodings(request);
  const [mediaType, size] = [request.headers['content-type'], announcedLength(request)];
  return {
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
    digests: announcedDigests(request.headers),
    attributes: announcedAttributes(request.headersDistinct),
  };
}
