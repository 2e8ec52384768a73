import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { isCid, type Cid } from '@dfs/protocol';
import { invalidField } from '@dfs/runtime';
import { FIELD } from '../../describe/fields.dto.js';

const MAX_CID_LENGTH = 128;

/** A content in the address, as a CID in text. */
export class FoundContentParams {
  @ApiProperty({
    ...FIELD.text,
    maxLength: MAX_CID_LENGTH,
    description: 'A content id, as GET /found-contents tells it.',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_CID_LENGTH)
  contentId!: string;
}

/** @throws DfsError `validation-failed` */
export function contentOf({ contentId }: FoundContentParams): Cid {
  if (!isCid(contentId)) throw invalidField('contentId', 'is not a content id, as GET /found-contents tells them');
  return contentId;
}
