import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength } from 'class-validator';
import { MAX_NAME_LENGTH } from '@dfs/protocol';

/** Begins and ends with something visible. */
const SHOWN_NAME = /^[^\p{C}\s](?:[^\p{C}]*[^\p{C}\s])?$/u;

/** A name that a person gives to something, and that is shown in lists and on terminals. */
export function NameText(): PropertyDecorator {
  return applyDecorators(
    Matches(SHOWN_NAME, { message: 'must have characters that can be seen, and no control characters' }),
    MaxLength(MAX_NAME_LENGTH),
    IsString(),
  );
}
