type Json = Record<string, unknown>;

/**
 * Turns a document as `@nestjs/swagger` writes it, in the words of OpenAPI 3.0, into those of 3.1: null is a type, examples are a
 * list, and bytes are a media type rather than a text. Answers a new document.
 */
export function toDialect31<T>(value: T): T {
  return walk(value, '') as T;
}

/** Of the keys beside which a value is no schema but a map of them, or plain data. */
const MAPS = new Set(['properties', 'schemas', 'headers', 'responses', 'examples', 'example', 'default', 'enum']);

function walk(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, ''));
  if (typeof value !== 'object' || value === null) return value;
  const object = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner, name)]));
  return MAPS.has(key) ? object : schema31(object);
}

function schema31(schema: Json): Json {
  const { nullable, example, ...rest } = schema;
  const described = example === undefined ? rest : { ...rest, examples: [example] };
  if (described['type'] === 'string' && described['format'] === 'binary') return bytesOf(described);
  return nullable === true ? orNull(described) : direct(described);
}

/** A reference alone says what an `allOf` of it would; beside it may stand what is said of this place. */
function direct({ allOf, type, ...rest }: Json): Json {
  if (Array.isArray(allOf) && allOf.length === 1) return { ...rest, ...(allOf[0] as Json) };
  return { ...rest, ...(type === undefined ? {} : { type }), ...(allOf === undefined ? {} : { allOf }) };
}

function bytesOf({ type: _type, format: _format, ...rest }: Json): Json {
  return { ...rest, contentMediaType: 'application/octet-stream' };
}

function orNull(schema: Json): Json {
  const { type, enum: values, allOf, description, ...rest } = schema;
  if (Array.isArray(allOf)) {
    const told = description === undefined ? {} : { description };
    return { ...told, anyOf: [...(allOf as unknown[]), { type: 'null' }] };
  }
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}),
    type: [type, 'null'],
  };
}
