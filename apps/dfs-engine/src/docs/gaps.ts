import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf, type Operation, type Parameter } from './operations.js';

type Schema = Record<string, unknown>;

/**
 * Gaps of the document: an operation without a name, a parameter or field of a body without a bound, an answer
 * without a shape, a schema without a type, a name that is that of a class. Empty for a document that says everything.
 */
export function gapsOf(document: OpenAPIObject): string[] {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const gaps: string[] = [];
  for (const [, method, operation] of operationsOf(document)) {
    const name = operation.operationId ?? '?';
    if (!operation.operationId || !operation.summary || !operation.tags?.length)
      gaps.push(`${name}: its name, summary or tag`);
    for (const parameter of operation.parameters ?? []) gaps.push(...gapsOfParameter(name, parameter));
    gaps.push(...gapsOfAnswers(name, method, operation));
    for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {})) {
      if (!schema) gaps.push(`${name}: the schema of its body ${type}`);
      else if (type === 'application/json') gaps.push(...unbounded(`${name}: body`, schema as Schema, schemas));
    }
  }
  for (const [name, schema] of Object.entries(schemas)) {
    if (/(Dto|Body)$/.test(name))
      gaps.push(`${name}: give its class the contract’s name, by @ApiSchema({ name: '…' })`);
    gaps.push(...untyped(name, schema));
  }
  return gaps;
}

function gapsOfParameter(operation: string, { name, description, schema }: Parameter): string[] {
  const at = `${operation}: parameter ${name}`;
  return [
    ...(description ? [] : [`${at}: its description`]),
    ...(isBounded(schema ?? {}) ? [] : [`${at}: a maxLength, pattern, enum, or maximum`]),
  ];
}

function gapsOfAnswers(operation: string, method: string, { responses }: Operation): string[] {
  const good = Object.entries(responses).filter(([status]) => Number(status) < 300);
  if (good.length === 0) return [`${operation}: an answer of 2xx`];
  return good.flatMap(([status, { content }]) => {
    const bodiless = status === '204' || method === 'head';
    const schemas = Object.values(content ?? {}).map(({ schema }) => schema);
    const complete = bodiless ? schemas.length === 0 : schemas.length > 0 && schemas.every(Boolean);
    return complete ? [] : [`${operation}: the shape of its answer ${status}`];
  });
}

/** Fields of a body that take a text or list of any length. */
function unbounded(at: string, schema: Schema, schemas: Record<string, Schema>): string[] {
  const name = nameOf(schema);
  const own = name === undefined ? schema : (schemas[name] ?? {});
  const inner = [own['allOf'], own['anyOf'], own['oneOf']].filter(Array.isArray).flat() as Schema[];
  const properties = Object.entries((own['properties'] ?? {}) as Record<string, Schema>);
  return [
    ...inner.flatMap((one) => unbounded(at, one, schemas)),
    ...properties.flatMap(([field, of]) => unbounded(`${at}.${field}`, of, schemas)),
    ...(own['type'] === 'array' ? unbounded(`${at}[]`, (own['items'] ?? {}) as Schema, schemas) : []),
    ...(isBounded(own) ? [] : [`${at}: a maxLength, pattern, enum, maximum or maxItems`]),
  ];
}

function nameOf({ $ref: ref }: Schema): string | undefined {
  return typeof ref === 'string' ? ref.slice(ref.lastIndexOf('/') + 1) : undefined;
}

function isBounded(schema: Schema): boolean {
  const types = [schema['type']].flat();
  const has = (...keys: string[]): boolean => keys.some((key) => schema[key] !== undefined);
  if (types.includes('string')) return has('maxLength', 'pattern', 'enum', 'const', 'format');
  if (types.includes('integer') || types.includes('number')) return has('maximum', 'enum');
  if (types.includes('array')) return has('maxItems');
  return true;
}

/** Places of a schema that say nothing of what may stand there. */
function untyped(at: string, schema: Schema): string[] {
  const says = ['$ref', 'type', 'enum', 'const', 'allOf', 'anyOf', 'oneOf', 'contentMediaType'];
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((key) => (schema[key] ?? []) as Schema[]);
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  const items = schema['items'] as Schema | undefined;
  return [
    ...(says.some((key) => schema[key] !== undefined) ? [] : [`${at}: a type`]),
    ...(schema['type'] === 'object' &&
    properties.length === 0 &&
    schema['additionalProperties'] === undefined &&
    !at.includes('[')
      ? [`${at}: its properties`]
      : []),
    ...lists.flatMap((one) => untyped(at, one)),
    ...properties.flatMap(([name, one]) => untyped(`${at}.${name}`, one)),
    ...(items ? untyped(`${at}[]`, items) : []),
  ];
}
