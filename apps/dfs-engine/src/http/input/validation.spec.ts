import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import type { FieldProblem } from '@dfs/contracts';
import { validation } from './validation.js';

class Part {
  @MinLength(2)
  name!: string;
}

class Body {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10)
  count?: number;

  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(4)
  text?: string;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  @MaxLength(3, { each: true })
  list?: string[];

  @IsOptional()
  @ArrayMinSize(2)
  pair?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Part)
  part?: Part;
}

describe('what is wrong with a field', () => {
  it.each<[unknown, string, string]>([
    [{ count: 'many' }, 'count', 'must be a whole number'],
    [{ count: 0 }, 'count', 'must be at least 1'],
    [{ count: 11 }, 'count', 'must be at most 10'],
    [{ text: 5 }, 'text', 'must be text'],
    [{ text: '' }, 'text', 'must not be empty'],
    [{ text: 'five5' }, 'text', 'must have at most 4 characters'],
    [{ list: 'no list' }, 'list', 'must be a list'],
    [{ list: [] }, 'list', 'must have at least one item'],
    [{ list: ['a', 'b', 'c'] }, 'list', 'must have at most 2 items'],
    [{ list: ['long'] }, 'list', 'each item must have at most 3 characters'],
    [{ pair: ['a'] }, 'pair', 'must have at least 2 items'],
    [{ part: 3 }, 'part', 'must be an object'],
    [{ part: { name: 'x' } }, 'part.name', 'must have at least 2 characters'],
    [{ other: 1 }, 'other', 'is not known here: leave it out'],
  ])('is said in plain words: %j', async (body, field, detail) => {
    const error: { errors?: FieldProblem[]; message?: string } = await validation()
      .transform(body, { type: 'body', metatype: Body })
      .catch((thrown: unknown) => thrown);
    expect(error.errors ?? error).toMatchObject([{ field, detail }]);
  });
});
