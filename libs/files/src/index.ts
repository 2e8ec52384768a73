/**
 * The HTTP surface of files: upload, download, list, delete, restore, move, choose. Hides how bytes become chunks and where they lie.
 * Guarantees: an upload is safe on this node when it is answered, or nothing of it is left; a download is verified,
 * starts with its first chunk, and is cut rather than completed wrongly; memory is constant for any size.
 * Units: bytes; times are ISO 8601 UTC.
 */
export { Files } from './files.js';
export { filesEntities, filesMigrations } from './schema.js';
export { FilesModule } from './files.module.js';
export type { FilesComponents } from './ports.js';
export type { OpenContent } from './read/download.js';
export type { PathFound } from './read/tree.js';
export {
  announcedLength,
  goneSignal,
  hasBody,
  refuseCodings,
  requestBody,
  requireLength,
  type Pace,
} from './http/body/request-body.js';
export { announcedFile, type AnnouncedUpload } from './http/body/announced-file.js';
export { parseJsonObject } from './http/body/json-text.js';
export { LARGE_JSON_BODY, STREAMED_BODY, StreamedBody } from './http/body/streamed-body.js';
export { Conditional } from './http/dto/conditional.dto.js';
export { DecimalQuery, NoQuery, PageQuery } from './http/dto/files.dto.js';
export {
  FieldProblemDto,
  FileAttributesDto,
  FileDto,
  ProblemDto,
  ReplicationDto,
} from './http/dto/files.schema.dto.js';
export { FIELD } from './describe/fields.dto.js';
export { NameText } from './describe/name.dto.js';
export { PathText } from './describe/path.dto.js';
export { ANSWER_HEADERS, answerHeaders, FILE_HEADERS } from './describe/headers.dto.js';
export { OptionalBody, PATH_PROBLEMS, Problems, takeProblems, WRITE_PROBLEMS } from './describe/problems.dto.js';
export { callerOf, noSuchPath, requireAdmin, sees, setCaller, type Caller, type Scope } from './http/caller.js';
export { answerFile } from './http/answer/answer-file.js';
export { byteRanges, type ByteRange } from './http/answer/byte-ranges.js';
export { makeInert, sendContent, written, type SendOptions } from './http/answer/send-content.js';
export { servedType } from './http/answer/served-type.js';
export { escapeXml } from './http/xml.js';
export { readXml, XmlFault, type XmlAttribute, type XmlBounds, type XmlElement } from './http/xml-reader.js';
export {
  announcedAttributes,
  attributesOfFields,
  hasRoomFor,
  MAX_SAID_BYTES,
} from './http/headers/attribute-headers.js';
export { announcedDigests } from './http/headers/digest-header.js';
export { bytesOfBase64, momentOfSeconds, textOfUtf8 } from './http/headers/header-values.js';
export { httpDate } from './http/headers/http-date.js';
export {
  etagOf,
  isTagOf,
  readCondition,
  writePreconditions,
  type Preconditions,
} from './http/headers/preconditions.js';
export { mediaTypeFor } from './read/media-type.js';
export type { Upload, UploadOutcome } from './write/upload.js';
export {
  PartUploads,
  type Moving,
  type PartUploadBegin,
  type PartUploadEnd,
  type PartUploadsComponents,
  type PartUploadsOptions,
} from './write/parts/part-uploads.js';
export { PartTable, type KeptPart, type UploadInParts } from './write/parts/part-table.js';
export { UploadBlockEntity, UploadInPartsEntity, UploadPartEntity } from './write/parts/parts.entity.js';
export { removeUploadsOf } from './write/parts/schema.js';
export { TransferDto } from './http/dto/transfer.dto.js';
