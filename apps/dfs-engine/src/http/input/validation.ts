import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { DfsError } from '@dfs/runtime';
import type { FieldProblem } from '@dfs/contracts';

/** Of the name of a field, as far as an answer repeats it. */
export const MAX_FIELD_LENGTH = 100;
/** Of a field that no DTO names. */
export const UNKNOWN_FIELD = 'is not known here: leave it out';
/** Fields told of in one answer. */
const MAX_PROBLEMS = 20;

/** Bodies, queries and route parameters against their DTOs; what a DTO does not name is refused. */
export function validation(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    // Classes without fields stand for "takes nothing"; the whitelist refuses whatever comes for them.
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => toError(errors.flatMap((error) => problemsOf(error))),
  });
}

/** Whether a field has the name of something every object has: class-transformer drops it before the whitelist sees it. */
export function isInherited(field: string): boolean {
  return field in Object.prototype;
}

function problemsOf(error: ValidationError, parent = ''): FieldProblem[] {
  const field = `${parent}${error.property}`.slice(0, MAX_FIELD_LENGTH);
  // Decorators are tried from the last to the first: the one that stands first, of the kind of value, says most.
  const own = Object.entries(error.constraints ?? {})
    .slice(-1)
    .map(([constraint, message]) => ({
      field,
      detail: constraint === 'whitelistValidation' ? UNKNOWN_FIELD : plain(withoutName(message, error.property)),
    }));
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, `${field}.`))];
}

function toError(errors: FieldProblem[]): DfsError {
  const told = errors.slice(0, MAX_PROBLEMS);
  const detail = told.map((error) => `${error.field}: ${error.detail}`).join('; ');
  return new DfsError('validation-failed', `The request was refused. ${detail}.`, { errors: told });
}

/** Messages of class-validator, and plain words for them. */
const PLAIN: [own: RegExp, plain: string][] = [
  [/^each value in \S+ /, 'each item '],
  [/must be an integer number$/, 'must be a whole number'],
  [/must not be less than (\S+)$/, 'must be at least $1'],
  [/must not be greater than (\S+)$/, 'must be at most $1'],
  [/must contain at least 1 elements$/, 'must have at least one item'],
  [/must contain at least (\d+) elements$/, 'must have at least $1 items'],
  [/must contain no more than (\d+) elements$/, 'must have at most $1 items'],
  [/must be longer than or equal to 1 characters$/, 'must not be empty'],
  [/must be longer than or equal to (\d+) characters$/, 'must have at least $1 characters'],
  [/must be shorter than or equal to (\d+) characters$/, 'must have at most $1 characters'],
  [/^nested property \S+ must be either object or array$/, 'must be an object'],
  [/must be a string$/, 'must be text'],
  [/must be an array$/, 'must be a list'],
];

function plain(message: string): string {
  return PLAIN.reduce((text, [own, words]) => text.replace(own, words), message);
}

/** Messages of class-validator begin with the name of the field, which stands before them already. */
function withoutName(message: string, name: string): string {
  return message.startsWith(`${name} `) ? message.slice(name.length + 1) : message;
}
