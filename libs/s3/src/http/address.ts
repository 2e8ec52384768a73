import { requireCurrent, s3Error } from '../errors.js';
import { BUCKET, S3_PREFIX } from '../limits.js';

/** Parameters of an address; more than any request of S3 has. */
const MAX_PARAMETERS = 64;

/** Parameters of an address, decoded, in the order in which they were sent. */
export class Query {
  private readonly values: ReadonlyMap<string, string>;

  constructor(readonly pairs: readonly (readonly [name: string, value: string])[]) {
    this.values = new Map(pairs);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  /** The first of these that is there. */
  first(names: Iterable<string>): string | undefined {
    for (const name of names) if (this.values.has(name)) return name;
    return undefined;
  }
}

/** The thing that a request is about. */
export interface Address {
  /** Decoded; without the query. */
  path: string;
  query: Query;
  /** Undefined for the service itself. */
  bucket?: string;
  /** Undefined for a bucket. */
  key?: string;
}

/**
 * @param url of a request, from `/s3` on
 * @throws DfsError of S3 `InvalidURI`, `NoSuchBucket`
 */
export function addressOf(url: string): Address {
  const [rawPath, query] = splitUrl(url);
  const path = decoded(rawPath);
  const rest = rawPath.slice(S3_PREFIX.length).replace(/^\//, '');
  const slash = rest.indexOf('/');
  const bucket = decoded(slash < 0 ? rest : rest.slice(0, slash));
  const key = slash < 0 ? '' : decoded(rest.slice(slash + 1));
  if (bucket === '') return { path, query };
  if (bucket !== BUCKET) {
    throw s3Error('NoSuchBucket', `There is one bucket here, and its name is ${BUCKET}: it has all files.`);
  }
  return { path, query, bucket, ...(key === '' ? {} : { key }) };
}

/** The parts of an address: the path as it was sent, and the query decoded. @throws DfsError of S3 `InvalidURI` */
export function splitUrl(url: string): [path: string, query: Query] {
  const at = url.indexOf('?');
  const text = at < 0 ? '' : url.slice(at + 1);
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > MAX_PARAMETERS) {
    throw s3Error('InvalidURI', `The address has more than ${MAX_PARAMETERS} parameters.`);
  }
  const query = pairs.map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    return [inQuery(name), equals < 0 ? '' : inQuery(pair.slice(equals + 1))];
  });
  return [at < 0 ? url : url.slice(0, at), new Query(query)];
}

/**
 * The key of `x-amz-copy-source`: bucket and key, percent-encoded, with or without a slash before them.
 * @throws DfsError of S3
 */
export function copySourceOf(header: string): string {
  const [encoded = '', version] = header.split('?versionId=', 2);
  requireCurrent(version, 'NotImplemented');
  const text = decoded(encoded).replace(/^\//, '');
  if (text.startsWith(`${BUCKET}/`)) return text.slice(BUCKET.length + 1);
  throw s3Error('NoSuchBucket', `The source must begin with /${BUCKET}/, the one bucket there is.`);
}

function inQuery(text: string): string {
  return decoded(text.replaceAll('+', ' '));
}

/** @throws DfsError of S3 `InvalidURI` */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw s3Error('InvalidURI', 'The address is not valid percent-encoded UTF-8: encode the key by that.', cause);
  }
}
