import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ANSWER_HEADERS, ProblemDto, answerHeaders, takeProblems } from '@dfs/files';
import { basePathOfApp } from '../http/base-path.js';
import { VERSION } from '../process/version.js';
import { toDialect31 } from './dialect.js';
import { EVENT_MODELS, eventSchemas } from './event-schemas.js';
import { gapsOf } from './gaps.js';
import { operationsOf, type Operation } from './operations.js';
import { codesOf, problemResponses, type ProblemResponse } from './problem-responses.js';

const DESCRIPTION = `One node of a DFS network. Every call but those of health, session and this documentation needs the
token of the node (Authorization: Bearer). The console has a cookie instead, with which a write also carries the header
X-DFS-Request. Errors are RFC 9457 problems with a stable code; each code has a page at the address that is its type. An address
takes no other parameters than those listed. HEAD is answered wherever GET is.`;

const TAGS: Record<string, string> = {
  files: 'Files by id and by path: their bytes, versions, and what becomes of them.',
  uploads: 'Uploads that come in parts and go on after a break, by tus 1.0.',
  node: 'This node.',
  session: 'The session of the console, and all others.',
  keys: 'Keys of programs: with a scope, a folder where they end, and a time.',
  peers: 'Members of the network, and connections to them.',
  network: 'Invites, joining and leaving.',
  dht: 'The distributed hash table.',
  transfers: 'Bytes on their way.',
  events: 'Past events of this node; /api/asyncapi.json describes how a node sends new ones.',
  settings: 'Settings of this node and of its network.',
  health: 'Whether the node runs and serves, and figures of it.',
};

/** A document, and what is missing in it: a test wants nothing there. */
export interface ApiDocument {
  document: OpenAPIObject;
  /** Its schemas, and those that events alone have. */
  schemas: Readonly<Record<string, unknown>>;
  gaps: string[];
}

/** The API document of the application as it is composed. */
export function openApi(app: NestExpressApplication): OpenAPIObject {
  return describeApi(app).document;
}

/** The same, with what nobody has described yet: a new operation or field must be complete. */
export function describeApi(app: NestExpressApplication): ApiDocument {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('DFS')
    .setDescription(DESCRIPTION.replaceAll('\n', ' '))
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer(`${basePathOfApp(app)}/`, 'This node.')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'token')
    .addSecurityRequirements('token');
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const made = SwaggerModule.createDocument(app, builder.build(), { extraModels: [ProblemDto, ...EVENT_MODELS] });
  const gaps: string[] = [];
  const shared: Record<string, ProblemResponse> = {};
  for (const [path, method, operation] of operationsOf(made)) complete(path, method, operation, shared, gaps);
  const responses = Object.fromEntries(Object.entries(shared).sort(([one], [other]) => (one < other ? -1 : 1)));
  const { Problem: problem, ...others } = made.components?.schemas ?? {};
  // Facts that belong to a code stand beside what every problem has.
  const schemas = { ...others, Problem: { ...problem, additionalProperties: true }, ...eventSchemas() };
  made.components = { ...made.components, schemas, responses, headers: ANSWER_HEADERS };
  const whole = toDialect31(made);
  const document = { ...whole, components: usedOf(whole) };
  return { document, schemas: whole.components?.schemas ?? {}, gaps: [...gaps, ...gapsOf(document)] };
}

/** Components that something in the document refers to. */
function usedOf(document: OpenAPIObject): OpenAPIObject['components'] {
  const text = JSON.stringify(document);
  const used = <T extends object>(kind: string, all: T = {} as T): T =>
    Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`"#/components/${kind}/${name}"`))) as T;
  const { schemas, headers, ...rest } = document.components ?? {};
  return { ...rest, schemas: used('schemas', schemas), headers: used('headers', headers) };
}

/** Lists its problems, and the headers that every answer has. */
function complete(
  path: string,
  method: string,
  operation: Operation,
  shared: Record<string, ProblemResponse>,
  gaps: string[],
): void {
  const own = takeProblems(operation);
  if (own === undefined) gaps.push(`${operation.operationId}: give its handler @Problems(…), if with no codes`);
  for (const [status, answer] of Object.entries(operation.responses)) {
    answer.description ||= status === '204' ? 'Done.' : (operation.summary ?? '');
    answer.headers = { ...answer.headers, ...answerHeaders('X-Request-Id') };
  }
  const facts = { open: operation.security?.length === 0, bodies: Object.keys(operation.requestBody?.content ?? {}) };
  const codes = codesOf({ method, path, own: own ?? [], ...facts });
  operation.responses = { ...operation.responses, ...problemResponses(codes, shared) };
}
