import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { IncomingHttpHeaders } from 'node:http';

type Json = Record<string, unknown>;

/** An answer, as far as the document speaks of it. */
export interface ContractAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

interface Answer {
  description: string;
  headers?: Record<string, { schema?: Json; $ref?: string }>;
  content?: Record<string, { schema?: Json }>;
}
interface Operation {
  responses: Record<string, Answer & { $ref?: string }>;
  'x-optional-body'?: string[];
}
interface Route {
  path: string;
  pattern: RegExp;
  item: Record<string, Operation | undefined>;
}

/** Headers that an answer has only where the document says so. */
const TOLD = ['etag', 'location', 'content-range', 'retry-after', 'repr-digest', 'x-dfs-version', 'last-modified'];
/** Statuses for a request that is none of the document. */
const REFUSED = new Set([400, 401, 403, 404, 405, 411, 413, 415, 417, 431, 501]);

/**
 * Checks answers of a node against its document, strictly: a status, header, media type, code or field that is not described is
 * a fault, and so is a value that does not fit.
 */
export class ApiContract {
  private readonly routes: Route[];
  private readonly ajv: Ajv2020;
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: OpenAPIObject) {
    this.routes = Object.entries(document.paths)
      .map(([path, item]) => ({ path, item: item as unknown as Route['item'], pattern: patternOf(path) }))
      // A word stands before a parameter.
      .sort((one, other) => one.path.split('{').length - other.path.split('{').length);
    this.ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: false });
    addFormats.default(this.ajv);
    const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Json>);
    const closed = schemas.map(([name, schema]) => [
      name,
      name === 'Problem' ? open(schema) : closedSchema(open(schema)),
    ]);
    this.ajv.addSchema(pointed({ $id: 'document', $defs: Object.fromEntries(closed) as Json }));
  }

  /** Differences of an answer from the document; empty where there are none. */
  faultsOf(method: string, target: string, answer: ContractAnswer): string[] {
    const path = target.split('?', 1)[0] ?? '';
    const route = this.routes.find(({ pattern }) => pattern.test(path));
    const name = method.toLowerCase();
    const operation = route?.item[name] ?? (name === 'head' ? route?.item['get'] : undefined);
    if (!operation) return this.faultsOfRefusal(answer);
    const told = this.resolve(operation.responses[String(answer.status)]);
    if (!told) return [`${answer.status} ${STATUS_CODES[answer.status]} is no answer of the operation`];
    const mayBeEmpty = name === 'head' || operation['x-optional-body']?.includes(String(answer.status));
    const bodiless = mayBeEmpty && answer.text === '';
    return [...this.headerFaults(told, answer.headers), ...(bodiless ? [] : this.bodyFaults(told, answer))];
  }

  private faultsOfRefusal({ status, headers, text }: ContractAnswer): string[] {
    if (status < 400) return [];
    if (!REFUSED.has(status)) return [`${status} for a request that is none of the document`];
    if (text === '') return [];
    const schema = { $ref: '#/components/schemas/Problem' };
    return this.bodyFaults(
      { description: '', content: { 'application/problem+json': { schema } } },
      { status, headers, text },
    );
  }

  private resolve(answer: (Answer & { $ref?: string }) | undefined): Answer | undefined {
    if (answer?.$ref === undefined) return answer;
    const name = answer.$ref.slice('#/components/responses/'.length);
    return this.document.components?.responses?.[name] as unknown as Answer;
  }

  private headerFaults({ headers = {} }: Answer, sent: IncomingHttpHeaders): string[] {
    const told = new Map(Object.entries(headers).map(([name, header]) => [name.toLowerCase(), header]));
    const faults = TOLD.filter((name) => sent[name] !== undefined && !told.has(name)).map(
      (name) => `header ${name} is not told of`,
    );
    for (const [name, header] of told) {
      const value = sent[name];
      if (value === undefined) continue;
      const all = (this.document.components?.headers ?? {}) as Record<string, { schema: Json }>;
      const { schema = {} } = header.$ref ? all[header.$ref.slice('#/components/headers/'.length)]! : header;
      const typed = schema['type'] === 'integer' ? Number(value) : String(value);
      faults.push(...this.validate(schema, typed).map((fault) => `header ${name}: ${fault}`));
    }
    return faults;
  }

  private bodyFaults({ content = {} }: Answer, { headers, text }: ContractAnswer): string[] {
    const types = Object.keys(content);
    if (types.length === 0) return text === '' ? [] : ['there is a body where none is described'];
    const sent = String(headers['content-type'] ?? '')
      .split(';', 1)[0]!
      .trim();
    const told = content[sent] ?? content['*/*'];
    if (!told) return [`it is ${sent}, and not ${types.join(', ')}`];
    if (!/^application\/(?:\w+\+)?json$/.test(sent) || content[sent] === undefined) return [];
    try {
      return this.validate(told.schema ?? {}, JSON.parse(text) as unknown);
    } catch (error) {
      return [`it is no JSON: ${String(error)}`];
    }
  }

  private validate(schema: Json, value: unknown): string[] {
    const key = JSON.stringify(schema);
    const known = this.validators.get(key);
    const validator = known ?? this.ajv.compile(pointed(open(schema)));
    if (!known) this.validators.set(key, validator);
    if (validator(value)) return [];
    return (validator.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}

/** As Express matches: in any case, with or without a slash at the end. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i');
}

/** References to the document as those to the schema that has its parts. */
function pointed(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"document#/$defs/')) as Json;
}

/** Without what says nothing of values. */
function open(schema: Json): Json {
  const without = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const { discriminator: _discriminator, ...rest } = value as Json;
    return rest;
  };
  return JSON.parse(JSON.stringify(schema, without)) as Json;
}

/** Takes no field that the schema does not name. */
function closedSchema(schema: Json): Json {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>);
  if (schema['type'] !== 'object' || properties.length === 0 || schema['additionalProperties'] !== undefined)
    return schema;
  const inner = Object.fromEntries(properties.map(([name, one]) => [name, closedSchema(one)]));
  return { ...schema, properties: inner, unevaluatedProperties: false };
}
