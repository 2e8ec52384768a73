import { DAV, type XmlElement } from '../xml/element.js';

/** Name of a property. */
export type PropertyName = Pick<XmlElement, 'namespace' | 'name'>;

/** Namespace of what Windows says of files. */
export const WIN32 = 'urn:schemas-microsoft-com:';
/** Namespace of the executable flag, as Apache has it. */
export const APACHE = 'http://apache.org/dav/props/';

/** One text for a name. */
export function keyOf({ namespace, name }: PropertyName): string {
  return `${namespace} ${name}`;
}

/** One of WebDAV itself. */
export function dav(name: string): PropertyName {
  return { namespace: DAV, name };
}
