import { versionTag } from '@dfs/catalogue';
import { escapeXml, hasRoomFor, type Files } from '@dfs/files';
import type { RecordAttributes } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import { hrefOf } from '../http/address.js';
import { answerXml, changeOf, type Call } from '../http/call.js';
import { readXml } from '../http/read-xml.js';
import type { Locks } from '../locks/locks.js';
import { isSettable, withoutProperty, withProperty } from '../properties/kept.js';
import { keyOf, type PropertyName } from '../properties/names.js';
import { requireChangeable, type Resources } from '../read/resources.js';
import { requireWanted } from './wanted.js';
import { childrenNamed, davDocument, elementsOf, namedXml, type XmlElement } from '../xml/element.js';

/** A property that is to be set, or to be removed. */
interface Step {
  does: 'set' | 'remove';
  property: XmlElement;
}

/** The status of a property, in the order in which an answer tells them. */
const REASONS = {
  200: 'OK',
  403: 'Forbidden',
  409: 'Conflict',
  424: 'Failed Dependency',
  507: 'Insufficient Storage',
} as const;
type Status = keyof typeof REASONS;

/**
 * Sets and removes properties of a file, all or none. A folder keeps none: it follows from what is in it.
 * @throws DfsError `file-not-found`, `bad-request`, `locked`; as commit
 */
export async function proppatch(
  call: Call,
  { files, resources, locks }: { files: Pick<Files, 'changeAttributes'>; resources: Resources; locks: Locks },
): Promise<void> {
  const { request, response, caller, address, base, holder } = call;
  const steps = stepsOf(await readXml(request));
  const found = await resources.require(caller, address);
  if (found.kind === 'file') requireChangeable(caller, found.path);
  const asked = requireWanted(call, found);
  const end = locks.begin([changeOf(found.path)], holder);
  try {
    let refused: Map<string, Status> | undefined = new Map();
    if (found.kind === 'folder') refused = new Map(steps.map(({ property }) => [keyOf(property), 403]));
    else {
      refused = refusals(steps, found.entry.attributes);
      if (refused.size === 0) {
        // A date is held against the file in the unit of work itself.
        const isDated = asked.ifUnmodifiedSince !== undefined;
        const want = isDated ? asked : { ifMatch: [versionTag(found.entry.recordId)] };
        await files.changeAttributes(found.entry.fileId, (before) => changed(before, steps) ?? before, want);
      }
    }
    answerXml(response, 207, multistatus(hrefOf(base, found.path, found.kind === 'folder'), steps, refused));
  } finally {
    end();
  }
}

/** @throws DfsError `bad-request` */
function stepsOf(body: XmlElement | undefined): Step[] {
  if (body?.namespace !== 'DAV:' || body.name !== 'propertyupdate') throw noUpdate();
  const steps = elementsOf(body).flatMap((element): Step[] => {
    const { namespace, name } = element;
    if (namespace !== 'DAV:' || (name !== 'set' && name !== 'remove')) return [];
    const properties = childrenNamed(element, 'prop').flatMap(elementsOf);
    return properties.map((property) => ({ does: name, property }));
  });
  if (steps.length === 0) throw noUpdate();
  return steps;
}

function noUpdate(): DfsError {
  return new DfsError('bad-request', 'The body must be a DAV: propertyupdate that sets or removes properties.');
}

/** The properties that cannot be set, by their names; none where all can. */
function refusals(steps: readonly Step[], before: RecordAttributes): Map<string, Status> {
  const refused = new Map<string, Status>();
  let attributes = before;
  for (const step of steps) {
    const next = isSettable(step.property) ? changed(attributes, [step]) : undefined;
    if (!isSettable(step.property)) refused.set(keyOf(step.property), 403);
    else if (next === undefined) refused.set(keyOf(step.property), 409);
    else if (!hasRoomFor(next)) refused.set(keyOf(step.property), 507);
    else attributes = next;
  }
  return refused;
}

function changed(before: RecordAttributes, steps: readonly Step[]): RecordAttributes | undefined {
  return steps.reduce<RecordAttributes | undefined>((attributes, { does, property }) => {
    if (attributes === undefined) return undefined;
    return does === 'set' ? withProperty(attributes, property) : withoutProperty(attributes, property);
  }, before);
}

function multistatus(href: string, steps: readonly Step[], refused: ReadonlyMap<string, Status>): string {
  const names = new Map<string, PropertyName>(steps.map(({ property }) => [keyOf(property), property]));
  const rest = refused.size === 0 ? 200 : 424;
  const parts = (Object.keys(REASONS) as `${Status}`[]).map(Number).flatMap((code) => {
    const status = code as Status;
    const own = [...names].filter(([key]) => (refused.get(key) ?? rest) === status).map(([, name]) => name);
    return own.length === 0 ? [] : [propstat(own, status)];
  });
  return davDocument('multistatus', `<D:response><D:href>${escapeXml(href)}</D:href>${parts.join('')}</D:response>`);
}

function propstat(names: readonly PropertyName[], status: Status): string {
  const properties = names.map(({ namespace, name }) => namedXml({ namespace, name }, '')).join('');
  const error = status === 403 ? '<D:error><D:cannot-modify-protected-property/></D:error>' : '';
  return `<D:propstat><D:prop>${properties}</D:prop><D:status>HTTP/1.1 ${status} ${REASONS[status]}</D:status>${error}</D:propstat>`;
}
