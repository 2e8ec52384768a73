import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { ArchiveInfo, ArchiveRequest } from '@dfs/contracts';
import { FILE_ID_PATTERN, MAX_PATH_BYTES } from '@dfs/protocol';
import { FIELD } from '../../describe/fields.dto.js';

/** As many ids as a body of 1 MiB has room for. */
const MAX_IDS = 30_000;
const ARCHIVE_ID = /^[\w-]{24}$/;

/** Body of `POST /files/archive`. */
@ApiSchema({ name: 'ArchiveRequest' })
export class ArchiveBody implements ArchiveRequest {
  @ApiPropertyOptional({
    type: 'array',
    items: { ...FIELD.text, pattern: FILE_ID_PATTERN.source },
    minItems: 1,
    maxItems: MAX_IDS,
    description: 'The files, by their ids. Either these or a prefix.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_IDS)
  @Matches(FILE_ID_PATTERN, {
    each: true,
    message: 'must be file ids of 26 letters and digits, as GET /files tells them',
  })
  fileIds?: string[];

  @ApiPropertyOptional({
    ...FIELD.text,
    maxLength: MAX_PATH_BYTES,
    description: 'All files whose path begins so, such as photos/2026/; at most 50,000.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_PATH_BYTES)
  prefix?: string;
}

/** The archive in the address. */
export class ArchiveParams {
  @ApiProperty({ ...FIELD.text, pattern: ARCHIVE_ID.source, description: 'As POST /files/archive tells it in url.' })
  @Matches(ARCHIVE_ID, { message: 'is no archive, as POST /files/archive tells them' })
  archiveId!: string;
}

/** A zip that waits to be fetched. */
@ApiSchema({ name: 'ArchiveInfo' })
export class ArchiveDto implements ArchiveInfo {
  @ApiProperty({
    ...{ ...FIELD.text, format: 'uri-reference' },
    description: 'For one use within 60 s, by the same key or session.',
  })
  url!: string;
  @ApiProperty({ ...FIELD.bytes, description: 'Of the whole zip.' }) bytes!: number;
  @ApiProperty(FIELD.count) files!: number;
}
