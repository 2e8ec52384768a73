import { IsBoolean, IsOptional, Matches, ValidateBy } from 'class-validator';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { ChooseRequest } from '@dfs/contracts';
import { MAX_PATH_BYTES } from '@dfs/protocol';
import { FIELD } from '../../describe/fields.dto.js';
import { NO_VERSION, RECORD_ID } from './files.dto.js';

/** As many heads as can be kept beside the one that is chosen. */
const MAX_OTHERS = 100;

/** Body of `POST /files/{fileId}/choose`. */
@ApiSchema({ name: 'ChooseRequest' })
export class ChooseBody implements ChooseRequest {
  @ApiProperty({
    ...FIELD.text,
    pattern: RECORD_ID.source,
    description: 'The version to keep: one that GET /files/{fileId}/versions marks as head.',
  })
  @Matches(RECORD_ID, NO_VERSION)
  version!: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', minLength: 1, maxLength: MAX_PATH_BYTES },
    maxProperties: MAX_OTHERS,
    description: 'Other heads that go on under another name: the path of each, by its version.',
  })
  @IsOptional()
  @ValidateBy({
    name: 'othersOf',
    validator: {
      validate: isOthers,
      defaultMessage: () =>
        `must name a path for each of up to ${MAX_OTHERS} versions, such as {"<version>": "a (2).txt"}`,
    },
  })
  others?: Record<string, string>;

  @ApiPropertyOptional({
    ...FIELD.flag,
    description: 'Choose a deletion although most of the files are being deleted.',
  })
  @IsOptional()
  @IsBoolean()
  confirm?: boolean;
}

function isOthers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const pairs = Object.entries(value);
  const isPath = (path: unknown): boolean =>
    typeof path === 'string' && path.length > 0 && path.length <= 4 * MAX_PATH_BYTES;
  return pairs.length <= MAX_OTHERS && pairs.every(([version, path]) => RECORD_ID.test(version) && isPath(path));
}
