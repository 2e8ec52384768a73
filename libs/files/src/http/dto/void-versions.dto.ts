import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { MAX_PEER_ID_LENGTH } from '@dfs/protocol';
import { FIELD } from '../../describe/fields.dto.js';
import { PageQuery, PathPrefix, RECORD_ID } from './files.dto.js';

/** Query of `GET /void-versions`. */
export class VoidVersionsQuery extends PageQuery {
  @ApiPropertyOptional({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_PEER_ID_LENGTH,
    description: 'Only those by this author, a peer id.',
  })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_PEER_ID_LENGTH)
  author?: string;

  @PathPrefix()
  prefix?: string;
}

/** A version in the address, as a record id. */
export class VoidVersionParams {
  @ApiProperty({
    ...FIELD.text,
    pattern: RECORD_ID.source,
    description: 'A void version, as GET /void-versions tells it.',
  })
  @Matches(RECORD_ID, { message: 'is not a version: expected 64 hexadecimal digits, as GET /void-versions tells them' })
  version!: string;
}
