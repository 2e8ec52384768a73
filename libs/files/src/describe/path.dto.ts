import { applyDecorators } from '@nestjs/common';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { MAX_PATH_BYTES } from '@dfs/protocol';

/**
 * A path that a request gives: text of a length that a path may have. Characters are counted here, which may be encoded;
 * the bytes are counted where the path is parsed.
 * @param refusal told of what is no text
 * @param empty told of an empty path, which is allowed when this is left out
 */
export function PathText(refusal?: string, empty?: string): PropertyDecorator {
  return applyDecorators(
    MaxLength(4 * MAX_PATH_BYTES, { message: `the path is longer than ${MAX_PATH_BYTES} bytes` }),
    ...(empty === undefined ? [] : [MinLength(1, { message: `the path is empty: ${empty}` })]),
    IsString(refusal === undefined ? {} : { message: refusal }),
  );
}
