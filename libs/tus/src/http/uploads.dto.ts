import { Type } from 'class-transformer';
import { IsObject, IsOptional, IsString, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { ApiHeader, ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { ErrorCode, FinishUploadRequest, UploadInfo, WriteConditions } from '@dfs/contracts';
import { FIELD, FileDto, PathText } from '@dfs/files';
import { TUS_ALGORITHMS, TUS_VERSION } from './tus-headers.js';

const MAX_HEADER_LENGTH = 4096;
const MAX_DATE_LENGTH = 64;
const UPLOAD_ID = /^[A-Za-z0-9_-]{22}$/;
const id = { type: 'string', pattern: UPLOAD_ID.source } as const;

/** Which upload. */
export class UploadParams {
  @ApiProperty({ ...id, description: 'Id of the upload: the end of its Location.' })
  @Matches(UPLOAD_ID, { message: 'is not the id of an upload, as Location tells it' })
  uploadId!: string;
}

/** The conditions of a finished upload on its path. */
@ApiSchema({ name: 'WriteConditions' })
export class WriteConditionsBody implements WriteConditions {
  @ApiPropertyOptional({ type: 'string', maxLength: MAX_HEADER_LENGTH, description: 'As the header If-Match has it.' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_HEADER_LENGTH)
  ifMatch?: string;

  @ApiPropertyOptional({ type: 'string', enum: ['*'], description: '*: only if there is no such file.' })
  @IsOptional()
  @Matches(/^\*$/, { message: 'must be *' })
  ifNoneMatch?: '*';

  @ApiPropertyOptional({ type: 'string', maxLength: MAX_DATE_LENGTH, description: 'An HTTP date.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_DATE_LENGTH)
  ifUnmodifiedSince?: string;
}

/** Where the bytes of an upload go. */
@ApiSchema({ name: 'FinishUploadRequest' })
export class FinishUploadBody implements FinishUploadRequest {
  @ApiPropertyOptional({ ...FIELD.path, description: 'Where the bytes go; as announced when left out.' })
  @IsOptional()
  @PathText(undefined, 'give the file a name')
  path?: string;

  @ApiPropertyOptional({ type: () => WriteConditionsBody, description: 'In place of those of the beginning.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WriteConditionsBody)
  conditions?: WriteConditionsBody;
}

/** Why the bytes of an upload are no file. */
@ApiSchema({ name: 'UploadRefusal' })
export class UploadRefusalDto {
  @ApiProperty(FIELD.errorCode) code!: ErrorCode;
  @ApiProperty(FIELD.text) detail!: string;
}

/** One upload. */
@ApiSchema({ name: 'UploadInfo' })
export class UploadDto implements UploadInfo {
  @ApiProperty(id) id!: string;
  @ApiProperty(FIELD.path) path!: string;
  @ApiProperty({ ...FIELD.bytes, description: 'Bytes that it will have.' }) size!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Bytes that are here for good.' }) offset!: number;
  @ApiProperty({
    type: 'string',
    enum: ['running', 'complete', 'finished'],
    description: 'complete: all bytes are here, and its path was not as it was asked for: POST …/finish.',
  })
  state!: UploadInfo['state'];
  @ApiProperty(FIELD.moment) createdAt!: string;
  @ApiProperty({ ...FIELD.moment, description: 'When its bytes, or of a finished one its answer, are given up.' })
  expiresAt!: string;
  @ApiPropertyOptional({ type: () => FileDto, description: 'Of a finished one: what the last PATCH answered.' })
  file?: FileDto;
  @ApiPropertyOptional({ type: () => UploadRefusalDto, description: 'Of a complete one: why it is no file.' })
  refusal?: UploadRefusalDto;
}

const header = (description: string, type = 'string') => ({ description, schema: { type } }) as const;
/** Headers of answers of tus. */
export const OFFSET_HEADERS = {
  'Tus-Resumable': header('The version of tus.'),
  'Upload-Offset': header('Bytes that are here for good.', 'integer'),
  'Upload-Expires': header('When what has come is given up, as an HTTP date.'),
};
/** Headers of an answer to `HEAD`: how far the upload is, and how far it will go. */
export const LENGTH_HEADERS = {
  ...OFFSET_HEADERS,
  'Upload-Length': header('Bytes that the file will have.', 'integer'),
  'Upload-Metadata': header('As it was sent.'),
};

/** Describes the header that every request of tus has. */
export function Tus(): MethodDecorator {
  return ApiHeader({
    name: 'Tus-Resumable',
    required: true,
    description: 'The version of tus.',
    schema: { type: 'string', enum: [TUS_VERSION] },
  });
}

/** Describes the header by which bytes are proven. */
export function Checksummed(): MethodDecorator {
  return ApiHeader({
    name: 'Upload-Checksum',
    required: false,
    description: `One of ${TUS_ALGORITHMS}, a space, and the digest of this body in base64.`,
    schema: { type: 'string', maxLength: 64 },
  });
}
