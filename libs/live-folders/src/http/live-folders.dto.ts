import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type {
  AnswerHold,
  BindLiveFolder,
  EstimateLiveFolder,
  LiveFolderMode,
  PatchLiveFolder,
  PauseLiveFolders,
  RestoreFromTrash,
  SettleLiveFolder,
} from '@dfs/contracts';
import { FIELD, NameText } from '@dfs/files';
import { MAX_NAME_LENGTH, MAX_PATH_BYTES } from '@dfs/protocol';
import { second } from '@dfs/runtime';
import { LONGEST_PAUSE } from '../run/pause.js';

/** Modes of a folder, as the API document lists them. */
export const MODES = ['both', 'send', 'receive'] as const satisfies LiveFolderMode[];
const ID = /^[0-9a-f-]{36}$/;
const TRASH_ID = /^[A-Za-z0-9._-]{1,255}$/;
const HOLD_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** Of directories on a disk, in characters. */
const MAX_ROOT_LENGTH = 4096;
const MAX_RULES = 1000;
const MAX_RULE_LENGTH = 1024;
/** Paths that are settled by one request, and entries of the trash that one removes. */
const MAX_PATHS = 1000;
/** Seconds for which all folders may pause by one request. */
const MAX_PAUSE = LONGEST_PAUSE / second;
const id = { type: 'string', pattern: ID.source } as const;
const rootField = {
  type: 'string',
  minLength: 1,
  maxLength: MAX_ROOT_LENGTH,
  example: '/home/me/DFS/photos',
  description: 'A directory on the disk of this node, by its whole path. It must be there, and allowed.',
} as const;
const prefixField = {
  type: 'string',
  maxLength: 4 * MAX_PATH_BYTES,
  example: 'photos',
  description: 'The folder of the network; empty for all of it.',
} as const;
const modeField = { enum: MODES, enumName: 'LiveFolderMode' } as const;

/** `ignore` of a folder. Applied in the order in which decorators above a field are: the last one first. */
function Rules(): PropertyDecorator {
  return applyDecorators(
    MaxLength(MAX_RULE_LENGTH, { each: true }),
    IsString({ each: true }),
    ArrayMaxSize(MAX_RULES),
    IsArray(),
    IsOptional(),
    ApiPropertyOptional({
      type: 'array',
      items: { type: 'string', maxLength: MAX_RULE_LENGTH },
      maxItems: MAX_RULES,
      description: `Lines as in a .gitignore, each of at most ${MAX_RULE_LENGTH} characters. To ignore is not to delete.`,
    }),
  );
}

/** Which folder. */
export class LiveFolderParams {
  @ApiProperty({ ...id, description: 'Id of the folder, as GET /live-folders tells it.' })
  @Matches(ID, { message: 'is not the id of a live folder, as GET /live-folders tells them' })
  id!: string;
}

/** Which deletions of it. */
export class HoldParams extends LiveFolderParams {
  @ApiProperty({ type: 'string', pattern: HOLD_ID.source, description: 'Id of the deletions, as the list tells it.' })
  @Matches(HOLD_ID, { message: 'is not the id of deletions that wait, as the list tells them' })
  hold!: string;
}

/** A binding to estimate. */
@ApiSchema({ name: 'EstimateLiveFolder' })
export class EstimateBody implements EstimateLiveFolder {
  @ApiProperty(rootField)
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_ROOT_LENGTH)
  root!: string;

  @ApiProperty(prefixField)
  @IsString()
  @MaxLength(4 * MAX_PATH_BYTES)
  prefix!: string;

  @Rules()
  ignore?: string[];
}

/** Body of `POST /live-folders`. */
@ApiSchema({ name: 'BindLiveFolder' })
export class BindBody extends EstimateBody implements BindLiveFolder {
  @ApiPropertyOptional({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    description: 'The last name of the root when left out.',
  })
  @IsOptional()
  @NameText()
  name?: string;

  @ApiPropertyOptional({ ...modeField, default: 'both' })
  @IsOptional()
  @IsIn(MODES, { message: `must be one of ${MODES.join(', ')}` })
  mode?: LiveFolderMode;
}

/** Body of `PATCH /live-folders/{id}`. */
@ApiSchema({ name: 'PatchLiveFolder' })
export class PatchBody implements PatchLiveFolder {
  @ApiPropertyOptional({ ...FIELD.text, minLength: 1, maxLength: MAX_NAME_LENGTH })
  @IsOptional()
  @NameText()
  name?: string;

  @ApiPropertyOptional(modeField)
  @IsOptional()
  @IsIn(MODES, { message: `must be one of ${MODES.join(', ')}` })
  mode?: LiveFolderMode;

  @Rules()
  ignore?: string[];

  @ApiPropertyOptional({
    ...FIELD.flag,
    description: 'Until a person resumes it; while it is paused neither side is touched.',
  })
  @IsOptional()
  @IsBoolean()
  paused?: boolean;

  @ApiPropertyOptional({
    enum: ['follow', 'empty'],
    description:
      'The answer where others moved or removed all of it: go on at the new prefix, or empty the folder too.',
  })
  @IsOptional()
  @IsIn(['follow', 'empty'], { message: 'must be follow or empty' })
  prefixGone?: 'follow' | 'empty';
}

/** Body of `POST /live-folders/pause`. */
@ApiSchema({ name: 'PauseLiveFolders' })
export class PauseBody implements PauseLiveFolders {
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    maximum: MAX_PAUSE,
    example: 3600,
    description: 'For so long; 0: those go on that pause for a time.',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_PAUSE)
  seconds!: number;
}

/** Body of an answer to deletions that wait. */
@ApiSchema({ name: 'AnswerHold' })
export class AnswerHoldBody implements AnswerHold {
  @ApiProperty({ enum: ['delete', 'restore'], description: 'delete: in the network too. restore: back on the disk.' })
  @IsIn(['delete', 'restore'], { message: 'must be delete or restore' })
  action!: 'delete' | 'restore';
}

/** Body of revert and override. */
@ApiSchema({ name: 'SettleLiveFolder' })
export class SettleBody implements SettleLiveFolder {
  @ApiProperty({
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 4 * MAX_PATH_BYTES },
    minItems: 1,
    maxItems: MAX_PATHS,
    description: 'Exactly these, as the issues name them.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PATHS)
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(4 * MAX_PATH_BYTES, { each: true })
  paths!: string[];
}

/** Body of a restore from the trash. */
@ApiSchema({ name: 'RestoreFromTrash' })
export class RestoreFromTrashBody implements RestoreFromTrash {
  @ApiProperty({ type: 'string', pattern: TRASH_ID.source, description: 'Id of the file, as the list tells it.' })
  @Matches(TRASH_ID, { message: 'is not the id of a file in the trash, as the list tells them' })
  id!: string;

  @ApiPropertyOptional({ ...FIELD.path, minLength: 1, description: 'Below the root; where it was when left out.' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(4 * MAX_PATH_BYTES)
  path?: string;
}

/** Query of `DELETE .../trash`. */
export class EmptyTrashQuery {
  @ApiPropertyOptional({
    ...{ type: 'string', pattern: TRASH_ID.source },
    description: 'This file alone; all of the trash when left out.',
  })
  @IsOptional()
  @Matches(TRASH_ID, { message: 'is not the id of a file in the trash, as the list tells them' })
  entry?: string;
}

/** Query of `GET /live-folders/roots`. */
export class RootsQuery {
  @ApiPropertyOptional({ ...rootField, description: 'The directories in this one; the allowed roots when left out.' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_ROOT_LENGTH)
  path?: string;
}
