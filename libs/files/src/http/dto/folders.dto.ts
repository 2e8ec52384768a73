import { IsBoolean, IsIn, IsISO8601, IsOptional, Matches, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { FolderAct, FolderMoveRequest, FolderRestoreRequest } from '@dfs/contracts';
import { MAX_PATH_BYTES } from '@dfs/protocol';
import { FIELD } from '../../describe/fields.dto.js';
import { PathText } from '../../describe/path.dto.js';
import { SkippedPathDto, TransferDto } from './transfer.dto.js';

const ACT_ID = /^[0-9a-f]{32}$/;
const FOLDER = { ...FIELD.text, maxLength: MAX_PATH_BYTES, description: 'The folder, such as photos/2026.' };

/** Query of `PUT /folders`. */
export class FolderQuery {
  @ApiProperty(FOLDER)
  @PathText('give the folder once, as text, such as ?path=photos/2026', 'name a folder')
  path!: string;
}

/** Query of `DELETE /folders`. */
export class RemoveFolderQuery extends FolderQuery {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Go on although most of the files are being deleted.' })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  confirm?: 'true' | 'false';
}

/** Body of `POST /folders/move` and `/copy`. */
@ApiSchema({ name: 'FolderMoveRequest' })
export class MoveFolderBody implements FolderMoveRequest {
  @ApiProperty(FOLDER)
  @PathText('give the folder as text, such as "photos/2026"', 'name a folder')
  path!: string;

  @ApiProperty({
    ...FIELD.text,
    maxLength: MAX_PATH_BYTES,
    description: 'Its new path. No file may be there, or anywhere that one would go.',
  })
  @PathText('give the new path as text, such as "photos/2027"', 'give the folder a name')
  to!: string;
}

/** Body of `POST /folders/restore`. */
@ApiSchema({ name: 'FolderRestoreRequest' })
export class RestoreFolderBody implements FolderRestoreRequest {
  @ApiProperty({
    ...FIELD.text,
    maxLength: MAX_PATH_BYTES,
    description: 'The folder, such as photos/2026; empty for everything.',
  })
  @PathText('give the folder as text, such as "photos/2026"')
  path!: string;

  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: ACT_ID.source,
    description: 'The act to undo, as its answer, its events and the versions of a file tell it. Either this or at.',
  })
  @IsOptional()
  @Matches(ACT_ID, { message: 'is not an act: expected 32 hexadecimal digits' })
  act?: string;

  @ApiPropertyOptional({
    ...{ type: 'string', format: 'date-time' },
    description: 'The time at which the folder was as it is to be again; ISO 8601 with a zone.',
  })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true }, { message: 'must be a time such as 2026-01-31T12:00:00Z' })
  @Matches(/(Z|[+-]\d\d:\d\d)$/, { message: 'needs a zone, such as the Z of 2026-01-31T12:00:00Z' })
  @MaxLength(40)
  at?: string;

  @ApiPropertyOptional({ ...FIELD.flag, description: 'Only tell what would be done.' })
  @IsOptional()
  @IsBoolean()
  preview?: boolean;

  @ApiPropertyOptional({ ...FIELD.flag, description: 'Go on although most of the files would be deleted.' })
  @IsOptional()
  @IsBoolean()
  confirm?: boolean;
}

/** A path that a restore would change. */
@ApiSchema({ name: 'FolderChange' })
export class FolderChangeDto {
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty({ enum: ['restored', 'deleted'] }) change!: 'restored' | 'deleted';
}

/** The result of an act on a folder; of a preview, the result it would have. */
@ApiSchema({ name: 'FolderAct' })
export class FolderActDto implements FolderAct {
  @ApiProperty({
    ...FIELD.text,
    nullable: true,
    pattern: ACT_ID.source,
    description: 'Names the act, to undo it; null where nothing was to be done, and of a preview.',
  })
  act!: string | null;
  @ApiProperty({ ...FIELD.count, description: 'Files that were moved, copied, deleted or brought back.' })
  files!: number;
  @ApiProperty({ ...FIELD.bytes }) bytes!: number;
  @ApiProperty({ ...FIELD.count, description: 'Empty folders of which the same holds.' }) folders!: number;
  @ApiProperty({ ...FIELD.count, description: 'Of a restore: files that went, since they were not there then.' })
  deleted!: number;
  @ApiProperty({ type: [SkippedPathDto], description: 'Paths that stay as they are, the first 100.' })
  skipped!: SkippedPathDto[];
  @ApiProperty(FIELD.count) skippedTotal!: number;
  @ApiPropertyOptional({ type: [FolderChangeDto], description: 'Of a preview: the first 1,000.' })
  changes?: FolderChangeDto[];
  @ApiPropertyOptional({
    type: TransferDto,
    description: 'Of an act that goes on: the transfer to follow, as GET /transfers tells it.',
  })
  transfer?: TransferDto;
}
