import { Type } from 'class-transformer';
import { IsObject, IsOptional, IsString, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ERROR_STATUS,
  type ErrorCode,
  type FinishUploadRequest,
  type UploadInfo,
  type WriteConditions,
} from '@dfs/contracts';
import { FileDto } from '@dfs/files';
import { MAX_PATH_BYTES } from '@dfs/protocol';
import { TUS_ALGORITHMS, TUS_VERSION } from './tus-headers.js';

const MAX_HEADER_LENGTH = 8192;
const UPLOAD_ID = /^[A-Za-z0-9_-]{22}$/;
const bytes = { type: 'integer', format: 'int64', minimum: 0 } as const;
const timestamp = { format: 'date-time' };

export class UploadParams {
  @ApiProperty({ pattern: UPLOAD_ID.source, description: 'Id of the upload: the end of its Location.' })
  @Matches(UPLOAD_ID, { message: 'is not the id of an upload, as Location tells it' })
  uploadId!: string;
}

export class WriteConditionsBody implements WriteConditions {
  @ApiPropertyOptional({ description: 'As the header If-Match has it.' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_HEADER_LENGTH)
  ifMatch?: string;

  @ApiPropertyOptional({ description: '*: only if there is no such file.' })
  @IsOptional()
  @Matches(/^\*$/, { message: 'must be *' })
  ifNoneMatch?: string;

  @ApiPropertyOptional({ description: 'An HTTP date.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  ifUnmodifiedSince?: string;
}

export class FinishUploadBody implements FinishUploadRequest {
  @ApiPropertyOptional({ maxLength: MAX_PATH_BYTES, description: 'Where the bytes go; as announced when left out.' })
  @IsOptional()
  @IsString()
  @MinLength(1, { message: 'the path is empty: give the file a name' })
  @MaxLength(4 * MAX_PATH_BYTES, { message: `the path is longer than ${MAX_PATH_BYTES} bytes` })
  path?: string;

  @ApiPropertyOptional({ type: () => WriteConditionsBody, description: 'In place of those of the beginning.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WriteConditionsBody)
  conditions?: WriteConditionsBody;
}

export class UploadRefusalDto {
  @ApiProperty({ enum: Object.keys(ERROR_STATUS), enumName: 'ErrorCode' }) code!: ErrorCode;
  @ApiProperty() detail!: string;
}

export class UploadDto implements UploadInfo {
  @ApiProperty() id!: string;
  @ApiProperty() path!: string;
  @ApiProperty({ ...bytes, description: 'Bytes that it will have.' }) size!: number;
  @ApiProperty({ ...bytes, description: 'Bytes that are here for good.' }) offset!: number;
  @ApiProperty({
    enum: ['running', 'complete', 'finished'],
    description: 'complete: all bytes are here, and its path was not as it was asked for: POST …/finish.',
  })
  state!: UploadInfo['state'];
  @ApiProperty(timestamp) createdAt!: string;
  @ApiProperty({ ...timestamp, description: 'When its bytes, or of a finished one its answer, are given up.' })
  expiresAt!: string;
  @ApiPropertyOptional({ description: 'Of a finished one: what the last PATCH answered.' }) file?: FileDto;
  @ApiPropertyOptional({ description: 'Of a complete one: why it is no file.' }) refusal?: UploadRefusalDto;
}

/** Describes the header that every request of tus has. */
export function Tus(): MethodDecorator {
  return ApiHeader({ name: 'Tus-Resumable', required: true, schema: { type: 'string', enum: [TUS_VERSION] } });
}

/** Describes the header by which bytes are proven. */
export function Checksummed(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Upload-Checksum',
      required: false,
      description: `One of ${TUS_ALGORITHMS}, a space, and the digest of this body in base64.`,
    }),
  );
}
