import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  MAX_PAGE,
  type BatchItem,
  type BatchOp,
  type BatchRequest,
  type BatchResult,
  type BatchResults,
  type LookupRequest,
  type LookupResult,
  type LookupResults,
} from '@dfs/contracts';
import { FIELD } from '../../describe/fields.dto.js';
import { FILE_ID_PATTERN, MAX_PATH_BYTES } from '@dfs/protocol';
import { FilterBody, NO_VERSION, RECORD_ID } from './files.dto.js';
import { FileDto, ProblemDto } from './files.schema.dto.js';
import { TransferDto } from './transfer.dto.js';

/** One file of a batch, by its id and, where it matters, the version that the client has seen. */
@ApiSchema({ name: 'BatchItem' })
export class BatchItemBody implements BatchItem {
  @ApiProperty({ ...FIELD.text, pattern: FILE_ID_PATTERN.source, description: 'As GET /files tells it.' })
  @Matches(FILE_ID_PATTERN, { message: 'is not a file id: expected 26 letters and digits, as GET /files tells them' })
  id!: string;

  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: RECORD_ID.source,
    description:
      'Of delete, purge and move: the version that was seen, which the file must show. Of restore and copy: the version to bring back or copy. Of choose: the head to keep.',
  })
  @IsOptional()
  @Matches(RECORD_ID, NO_VERSION)
  version?: string;

  @ApiPropertyOptional({ ...FIELD.text, maxLength: MAX_PATH_BYTES, description: 'Of move and copy: the new path.' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(4 * MAX_PATH_BYTES)
  path?: string;
}

const OPS: BatchOp[] = ['delete', 'restore', 'move', 'copy', 'choose', 'purge'];

/** Body of `POST /files/batch`. All of it is one act. */
@ApiSchema({ name: 'BatchRequest' })
export class BatchBody implements BatchRequest {
  @ApiProperty({ enum: OPS })
  @IsIn(OPS, { message: `must be one of ${OPS.join(', ')}` })
  op!: BatchOp;

  @ApiPropertyOptional({
    type: [BatchItemBody],
    minItems: 1,
    maxItems: MAX_PAGE,
    description: 'Either these or a filter.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PAGE)
  @ValidateNested({ each: true })
  @Type(() => BatchItemBody)
  items?: BatchItemBody[];

  @ApiPropertyOptional({
    type: FilterBody,
    description: 'All files that match, as the parameters of GET /files have it; for all but move and copy.',
  })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => FilterBody)
  filter?: FilterBody;

  @ApiPropertyOptional({ ...FIELD.flag, description: 'Go on although most of the files are being deleted.' })
  @IsOptional()
  @IsBoolean()
  confirm?: boolean;
}

/** Body of `POST /files/lookup`. A path that can be none is answered in its place, and does not refuse the others. */
@ApiSchema({ name: 'LookupRequest' })
export class LookupBody implements LookupRequest {
  @ApiProperty({
    type: 'array',
    items: { type: 'string', maxLength: MAX_PATH_BYTES },
    minItems: 1,
    maxItems: MAX_PAGE,
    description: 'Whole paths, such as photos/a.jpg.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PAGE)
  @IsString({ each: true })
  @MaxLength(4 * MAX_PATH_BYTES, { each: true })
  paths!: string[];
}

/** Result for one item of a batch. */
@ApiSchema({ name: 'BatchResult' })
export class BatchResultDto implements BatchResult {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty({ ...FIELD.text, nullable: true }) path!: string | null;
  @ApiProperty({ type: 'integer', example: 204 }) status!: number;
  @ApiPropertyOptional({ type: FileDto, description: 'The file as it is now; none of one that was deleted.' })
  file?: FileDto;
  @ApiPropertyOptional({ type: ProblemDto }) problem?: ProblemDto;
}

/** Answer of `POST /files/batch`, in the order of the items. */
@ApiSchema({ name: 'BatchResults' })
export class BatchResultsDto implements BatchResults {
  @ApiProperty({ ...FIELD.text, pattern: '^[0-9a-f]{32}$', description: 'Names the act, to undo it.' }) act!: string;
  @ApiProperty({ type: [BatchResultDto] }) results!: BatchResultDto[];
  @ApiPropertyOptional({
    type: TransferDto,
    description: 'Of an act that goes on: the transfer to follow, as GET /transfers tells it.',
  })
  transfer?: TransferDto;
}

/** The file at one of the paths, if there is one. */
@ApiSchema({ name: 'LookupResult' })
export class LookupResultDto implements LookupResult {
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty({ type: FileDto, nullable: true }) file!: FileDto | null;
  @ApiPropertyOptional({ type: ProblemDto, description: 'Why this can be no path.' }) problem?: ProblemDto;
}

/** Answer of `POST /files/lookup`, in the order of the paths. */
@ApiSchema({ name: 'LookupResults' })
export class LookupResultsDto implements LookupResults {
  @ApiProperty({ type: [LookupResultDto] }) results!: LookupResultDto[];
}
