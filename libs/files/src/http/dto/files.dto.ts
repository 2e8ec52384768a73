import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  MAX_PAGE,
  REPLICATION_STATES,
  type CopyRequest,
  type FileFilter,
  type FileListState,
  type FileSort,
  type LocalState,
  type MoveRequest,
  type RestoreRequest,
} from '@dfs/contracts';
import { FILE_ID_PATTERN, MAX_PATH_BYTES } from '@dfs/protocol';
import { FIELD } from '../../describe/fields.dto.js';
import { PathText } from '../../describe/path.dto.js';
import { EDGES } from '../../thumbnails/thumbnails.js';

const DEFAULT_PAGE = 100;
const MAX_OFFSET = 1_000_000;
const MAX_SEARCH_LENGTH = 256;
const MAX_CURSOR_LENGTH = 4096;
/** A record id, by which versions are named. */
export const RECORD_ID = /^[0-9a-f]{64}$/;
/** The fault of a version that is no record id. */
export const NO_VERSION = { message: 'is not a version: expected 64 hexadecimal digits, as /versions tells them' };
const SORTS: FileSort[] = ['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'];
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}(\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63})?$/;
const STATES: FileListState[] = ['current', 'deleted', 'conflict'];
const ONE_STATE = REPLICATION_STATES.join('|');
const SOME_STATES = new RegExp(`^(${ONE_STATE})(,(${ONE_STATE})){0,${REPLICATION_STATES.length - 1}}$`);
const SIZES = EDGES.map(String);
const PURGE = 'End the retention of all its versions at once, on every node; of owners alone. Of a deleted file, too.';
const LOCALS: LocalState[] = ['whole', 'part', 'none'];

/** A decimal number in a query, and nothing else that JavaScript would take for one. */
export function DecimalQuery(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
  );
}

/** A file id in the address. It is checked here, so that one that cannot be is 400 rather than 404. */
export class FileParams {
  @ApiProperty({
    ...FIELD.text,
    pattern: FILE_ID_PATTERN.source,
    description: 'Id of the file, as lists and uploads tell it.',
  })
  @Matches(FILE_ID_PATTERN, { message: 'is not a file id: expected 26 letters and digits, as GET /files tells them' })
  fileId!: string;
}

/** A path in the address. */
export class PathQuery {
  @ApiProperty({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_PATH_BYTES,
    description: 'Where the file is or goes, such as photos/2026/a.jpg: relative, UTF-8, / between folders.',
  })
  @PathText('give the path once, as text, such as ?path=photos/2026/a.jpg', 'give the file a name')
  path!: string;
}

/** Which files are meant. */
@ApiSchema({ name: 'FileFilter' })
export class FilterBody implements FileFilter {
  @PathPrefix()
  prefix?: string;

  @ApiPropertyOptional({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_PATH_BYTES,
    description: 'Only the file at just this path.',
  })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_PATH_BYTES)
  path?: string;

  @ApiPropertyOptional({
    ...FIELD.text,
    maxLength: MAX_SEARCH_LENGTH,
    description: 'Only paths that contain this, in upper or lower case.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_SEARCH_LENGTH)
  q?: string;

  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: TYPE.source,
    description: 'Only files of a media type, such as application/pdf, or of all that begin so, such as image.',
  })
  @IsOptional()
  @Matches(TYPE, { message: 'is no media type: expected such as image, or image/png' })
  type?: string;

  @ApiPropertyOptional({
    enum: STATES,
    default: 'current',
    description: 'Files that are there, were deleted, or have several heads.',
  })
  @IsOptional()
  @IsIn(STATES, { message: `must be one of ${STATES.join(', ')}` })
  state?: FileListState;

  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: SOME_STATES.source,
    description:
      'Only current files in one of these states, such as at-risk,unavailable. Not with state=deleted. As of two seconds ago at most.',
  })
  @IsOptional()
  @Matches(SOME_STATES, { message: `must be one of ${REPLICATION_STATES.join(', ')}, or several with a comma between` })
  replication?: string;

  @ApiPropertyOptional({
    enum: LOCALS,
    description:
      'Only current files of which this node keeps so much. Not with state=deleted. As of two seconds ago at most.',
  })
  @IsOptional()
  @IsIn(LOCALS, { message: `must be one of ${LOCALS.join(', ')}` })
  local?: LocalState;
}

/** `limit` of a page. Applied in the order in which decorators above a field are: the last one first. */
function PageLimit(): PropertyDecorator {
  return applyDecorators(
    Max(MAX_PAGE),
    Min(1),
    IsInt(),
    DecimalQuery(),
    ApiPropertyOptional({
      type: 'integer',
      minimum: 1,
      maximum: MAX_PAGE,
      default: DEFAULT_PAGE,
      description: 'Items of a page, at most.',
    }),
  );
}

/** `cursor` of a page, in the same order. */
function PageCursor(): PropertyDecorator {
  return applyDecorators(
    MaxLength(MAX_CURSOR_LENGTH),
    MinLength(1),
    IsString(),
    IsOptional(),
    ApiPropertyOptional({
      ...FIELD.text,
      minLength: 1,
      maxLength: MAX_CURSOR_LENGTH,
      description: 'nextCursor of the page before.',
    }),
  );
}

/** `prefix` of a list, in the same order. */
export function PathPrefix(): PropertyDecorator {
  return applyDecorators(
    MaxLength(MAX_PATH_BYTES),
    IsString(),
    IsOptional(),
    ApiPropertyOptional({
      ...FIELD.text,
      maxLength: MAX_PATH_BYTES,
      description: 'Only paths that begin so, such as photos/.',
    }),
  );
}

/** `version` of a download, in the same order. */
function OlderVersion(): PropertyDecorator {
  return applyDecorators(
    Matches(RECORD_ID, NO_VERSION),
    IsOptional(),
    ApiPropertyOptional({
      ...FIELD.text,
      pattern: RECORD_ID.source,
      description: 'An older version, as GET /files/{fileId}/versions tells it.',
    }),
  );
}

/** `inline` of a download, in the same order. */
function InPage(): PropertyDecorator {
  return applyDecorators(
    IsIn(['1'], { message: 'must be 1' }),
    IsOptional(),
    ApiPropertyOptional({
      enum: ['1'],
      description:
        'Show it within a page of this node rather than save it: raster images, audio, video and PDF alone, by their bytes; all else is saved.',
    }),
  );
}

/** Query of `GET /files`. */
export class ListFilesQuery extends FilterBody {
  @ApiPropertyOptional({
    enum: SORTS,
    default: 'path',
    description: 'Order of the files; with a - before it, downwards.',
  })
  @IsOptional()
  @IsIn(SORTS, { message: `must be one of ${SORTS.join(', ')}` })
  sort?: FileSort;

  @PageLimit()
  limit: number = DEFAULT_PAGE;

  @PageCursor()
  cursor?: string;

  @ApiPropertyOptional({
    ...{ type: 'integer', minimum: 0, maximum: MAX_OFFSET },
    description:
      'Rows to pass over, for a scroll bar. Not with cursor; nothing is promised of what comes and goes meanwhile.',
  })
  @IsOptional()
  @DecimalQuery()
  @IsInt()
  @Min(0)
  @Max(MAX_OFFSET)
  offset?: number;

  @ApiPropertyOptional({
    enum: ['/'],
    description: 'One level: folders in `folders`, by name, then its own files in `items`. Without q.',
  })
  @IsOptional()
  @IsIn(['/'], { message: 'must be /' })
  delimiter?: '/';
}

/** Query of a download by id. */
export class ContentQuery {
  @OlderVersion()
  version?: string;

  @InPage()
  inline?: '1';
}

/** Query of a thumbnail. */
export class ThumbnailQuery {
  @OlderVersion()
  version?: string;

  @ApiPropertyOptional({
    enum: SIZES,
    default: '256',
    description: 'Pixels of its longer side, at most: an image is never made larger.',
  })
  @IsOptional()
  @IsIn(SIZES, { message: `must be one of ${SIZES.join(', ')}` })
  size?: '256' | '1024';

  @ApiPropertyOptional({
    enum: ['1'],
    description: 'Make it also of an image that is not whole on this node: its bytes are fetched from other nodes.',
  })
  @IsOptional()
  @IsIn(['1'], { message: 'must be 1' })
  remote?: '1';
}

/** Query of a download by path. */
export class ContentByPathQuery extends PathQuery {
  @OlderVersion()
  version?: string;

  @InPage()
  inline?: '1';
}

/** Query of a deletion by path. */
export class RemoveByPathQuery extends PathQuery implements RemoveQuery {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Go on although most of the files are being deleted.' })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  confirm?: 'true' | 'false';

  @ApiPropertyOptional({ enum: ['true', 'false'], description: PURGE })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  purge?: 'true' | 'false';
}

/** Body of `POST /files/{fileId}/restore`. */
@ApiSchema({ name: 'RestoreRequest' })
export class RestoreBody implements RestoreRequest {
  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: RECORD_ID.source,
    description:
      'The version to bring back, as GET /files/{fileId}/versions tells it; may be left out for a deleted file.',
  })
  @IsOptional()
  @Matches(RECORD_ID, NO_VERSION)
  version?: string;
}

/** Body of `POST /files/{fileId}/move`. */
@ApiSchema({ name: 'MoveRequest' })
export class MoveBody implements MoveRequest {
  @ApiProperty({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_PATH_BYTES,
    description: 'The new path, such as photos/2026/b.jpg.',
  })
  @PathText('give the new path as text, such as "photos/2026/b.jpg"', 'give the file a name')
  path!: string;
}

/** Body of `POST /files/{fileId}/copy`. */
@ApiSchema({ name: 'CopyRequest' })
export class CopyBody extends MoveBody implements CopyRequest {
  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: RECORD_ID.source,
    description: 'An earlier version, as GET /files/{fileId}/versions tells it; what the file shows when left out.',
  })
  @IsOptional()
  @Matches(RECORD_ID, NO_VERSION)
  version?: string;
}

/** A page of a list that has no other parameters. */
export class PageQuery {
  @PageLimit()
  limit: number = DEFAULT_PAGE;

  @PageCursor()
  cursor?: string;
}

/** Query of a deletion by id. */
export class RemoveQuery {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Go on although most of the files are being deleted.' })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  confirm?: 'true' | 'false';

  @ApiPropertyOptional({ enum: ['true', 'false'], description: PURGE })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  purge?: 'true' | 'false';
}

/** Query of `DELETE /files/{fileId}/versions`: this node alone lets go of old versions. */
export class ReleaseVersionsQuery {
  @ApiPropertyOptional({
    ...{ type: 'string', format: 'date-time' },
    description: 'Only versions written before; ISO 8601 with a zone. All earlier versions when left out.',
  })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true }, { message: 'must be a time such as 2026-01-31T12:00:00Z' })
  @Matches(/(Z|[+-]\d\d:\d\d)$/, { message: 'needs a zone, such as the Z of 2026-01-31T12:00:00Z' })
  @MaxLength(40)
  before?: string;
}

/** A query that takes no parameters, and says so of each one it gets. */
export class NoQuery {}
