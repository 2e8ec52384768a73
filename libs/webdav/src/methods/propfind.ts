import { escapeXml, written } from '@dfs/files';
import { DfsError, invalidField, KiB, Turns } from '@dfs/runtime';
import { hrefOf } from '../http/address.js';
import { XML_TYPE, type Call } from '../http/call.js';
import { DavError } from '../http/dav-error.js';
import { depthOf } from '../http/dav-headers.js';
import { readXml } from '../http/read-xml.js';
import { keptProperties } from '../properties/kept.js';
import { LIVE, LIVE_BY_NAME, type Surroundings } from '../properties/live.js';
import { keyOf, type PropertyName } from '../properties/names.js';
import type { Found, Resources } from '../read/resources.js';
import { childrenNamed, elementsOf, namedXml, XML_HEAD, type XmlElement } from '../xml/element.js';

/** Properties that are asked for by name: of each an answer tells, file by file. */
const MAX_ASKED = 100;
/** Text that is gathered before it is sent. */
const PIECE = 64 * KiB;

/** The properties that a request asks for. */
type Asked = { names: readonly PropertyName[] } | { all: readonly PropertyName[] } | 'names-only';

/**
 * Tells the properties of a file, or of a folder and all that is in it. A long list is sent page after page, at the pace of its
 * reader; where it cannot be told to its end, the connection is cut.
 * @throws DavError `forbidden` for all levels at once; DfsError `file-not-found`, `bad-request`
 */
export async function propfind(call: Call, resources: Resources, around: Surroundings): Promise<void> {
  const { request, response, caller, address, base } = call;
  const depth = depthOf(request.headers, ['0', '1', 'infinity'], 'infinity');
  const asked = askedOf(await readXml(request));
  const found = await resources.require(caller, address);
  if (depth === 'infinity' && found.kind === 'folder') {
    throw new DavError('forbidden', 'This node lists one level at a time: ask with Depth: 1.', 'propfind-finite-depth');
  }
  const describe = describer(asked, around, base);
  response.status(207);
  response.setHeader('Content-Type', XML_TYPE);
  const pieces = responses(resources, caller, found, depth, describe);
  // The first one before it is said that there are any.
  let piece = await pieces.next();
  while (!piece.done) {
    await written(response, piece.value);
    piece = await pieces.next();
  }
  response.end('</D:multistatus>');
}

/** The list in pieces of text: whatever its length, one of them is in memory. */
async function* responses(
  resources: Resources,
  caller: Call['caller'],
  found: Found,
  depth: string,
  describe: (found: Found) => string,
): AsyncGenerator<string, void, undefined> {
  const turns = new Turns();
  let text = `${XML_HEAD}<D:multistatus xmlns:D="DAV:">${describe(found)}`;
  if (depth === '1' && found.kind === 'folder') {
    for await (const page of resources.in(caller, found)) {
      for (const one of page) {
        text += describe(one);
        if (text.length >= PIECE) {
          yield text;
          text = '';
        }
        if (turns.isDue) await turns.next();
      }
    }
  }
  yield text;
}

/** @throws DfsError `bad-request` */
function askedOf(body: XmlElement | undefined): Asked {
  if (body === undefined) return { all: [] };
  const isOurs = body.namespace === 'DAV:' && body.name === 'propfind';
  const [all] = isOurs ? childrenNamed(body, 'allprop') : [];
  const [only] = isOurs ? childrenNamed(body, 'propname') : [];
  const [some] = isOurs ? childrenNamed(body, 'prop') : [];
  if ([all, only, some].filter(Boolean).length !== 1) {
    throw new DfsError('bad-request', 'The body must be a DAV: propfind with one of allprop, propname and prop.');
  }
  if (only) return 'names-only';
  const include = childrenNamed(body, 'include')[0];
  const names = namesIn(some ?? include);
  return some ? { names } : { all: names };
}

function namesIn(element: XmlElement | undefined): PropertyName[] {
  const names = element === undefined ? [] : elementsOf(element).map(({ namespace, name }) => ({ namespace, name }));
  if (names.length > MAX_ASKED) throw invalidField('prop', `at most ${MAX_ASKED} properties at a time`);
  return [...new Map(names.map((name) => [keyOf(name), name])).values()];
}

function describer(asked: Asked, around: Surroundings, base: string): (found: Found) => string {
  return (found) => {
    const href = `<D:href>${escapeXml(hrefOf(base, found.path, found.kind === 'folder'))}</D:href>`;
    return `<D:response>${href}${propstats(found, asked, around)}</D:response>`;
  };
}

function propstats(found: Found, asked: Asked, around: Surroundings): string {
  const kept = found.kind === 'file' ? keptProperties(found.entry.attributes) : [];
  if (asked === 'names-only') {
    const live = LIVE.filter((one) => one.value(found, around) !== undefined).map((one) => namedXml(one, ''));
    return propstat([...live, ...kept.map((one) => namedXml(one, ''))], 200);
  }
  const there: string[] = [];
  const missing: string[] = [];
  const told = 'all' in asked ? LIVE.filter(({ isApart }) => !isApart) : [];
  for (const one of told) {
    const value = one.value(found, around);
    if (value !== undefined) there.push(namedXml(one, value));
  }
  if ('all' in asked) there.push(...kept.map(({ xml }) => xml));
  const names =
    'all' in asked ? asked.all.filter((name) => !told.some((one) => keyOf(one) === keyOf(name))) : asked.names;
  for (const name of names) {
    const value = LIVE_BY_NAME.get(keyOf(name))?.value(found, around);
    const own = kept.find((one) => keyOf(one) === keyOf(name))?.xml;
    if (value !== undefined) there.push(namedXml(name, value));
    else if (own === undefined) missing.push(namedXml(name, ''));
    else if (!('all' in asked)) there.push(own);
  }
  return (there.length > 0 || missing.length === 0 ? propstat(there, 200) : '') + propstatOf(missing, 404);
}

function propstatOf(properties: readonly string[], status: 404): string {
  return properties.length === 0 ? '' : propstat(properties, status);
}

function propstat(properties: readonly string[], status: keyof typeof REASONS): string {
  const line = `<D:status>HTTP/1.1 ${status} ${REASONS[status]}</D:status>`;
  return `<D:propstat><D:prop>${properties.join('')}</D:prop>${line}</D:propstat>`;
}

const REASONS = { 200: 'OK', 404: 'Not Found' } as const;
