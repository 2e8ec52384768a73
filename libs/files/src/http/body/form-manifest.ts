import { DfsError, invalidField } from '@dfs/runtime';
import type { UploadPart } from '../../write/upload-many.js';
import { attributesOfFields } from '../headers/attribute-headers.js';
import { announcedDigests } from '../headers/digest-header.js';
import { writePreconditions } from '../headers/preconditions.js';
import { parseJsonObject } from './json-text.js';
import { malformed, MANIFEST_FIELD } from './form-parser.js';

/** Attributes of a file, beside its bytes, or the fault of them. */
export type SaidOfFile = Pick<UploadPart, 'attributes' | 'digests' | 'want' | 'refused'> & { path?: string };

const TEXTS = ['path', 'digest', 'ifMatch', 'ifNoneMatch'] as const;
const KNOWN: ReadonlySet<string> = new Set([...TEXTS, 'mtime', 'executable', 'meta']);

/** The first field of a form: attributes of the files that follow, by the file names of their parts. */
export class FormManifest {
  /** Names of files that have not come yet. */
  private readonly missing: Set<string>;

  private constructor(private readonly entries: ReadonlyMap<string, Record<string, unknown>>) {
    this.missing = new Set(entries.keys());
  }

  /** @throws DfsError `bad-request`, `validation-failed` for what is no object of objects */
  static parse(json: string): FormManifest {
    const entries = Object.entries(parseJsonObject(json, 'The manifest of the form'));
    for (const [name, entry] of entries) {
      if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) continue;
      throw invalidField(
        MANIFEST_FIELD,
        `must have an object for ${name.slice(0, 100)}, such as {"path": "photos/a.jpg"}`,
      );
    }
    return new FormManifest(new Map(entries as [string, Record<string, unknown>][]));
  }

  /** A part of this name has begun. A fault in its entry is one of that file alone. */
  of(fileName: string): SaidOfFile {
    this.missing.delete(fileName);
    const entry = this.entries.get(fileName);
    if (entry === undefined) return {};
    const path = typeof entry['path'] === 'string' ? { path: entry['path'] } : {};
    try {
      return { ...path, ...saidBy(entry) };
    } catch (error) {
      return { ...path, refused: malformed(error) };
    }
  }

  /** One that never came; undefined when all have. */
  get missed(): string | undefined {
    const [first] = this.missing;
    return first;
  }
}

/** @throws DfsError `validation-failed` */
function saidBy(entry: Record<string, unknown>): SaidOfFile {
  for (const [name, value] of Object.entries(entry)) {
    if (!KNOWN.has(name)) throw invalidField(name.slice(0, 100), 'is nothing that a manifest says of a file');
    if ((TEXTS as readonly string[]).includes(name) && typeof value !== 'string')
      throw invalidField(name, 'must be text');
  }
  const { mtime, executable, meta, digest, ifMatch, ifNoneMatch } = entry;
  const attributes = attributesOfFields({
    ...(mtime === undefined ? {} : { mtime: scalar('mtime', mtime) }),
    ...(executable === undefined ? {} : { executable: scalar('executable', executable) }),
    ...(meta === undefined ? {} : { meta: JSON.stringify(meta) }),
  });
  return {
    attributes,
    ...(digest === undefined ? {} : { digests: digestsOf(digest as string) }),
    want: writePreconditions({
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch as string }),
      ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch as string }),
    }),
  };
}

function digestsOf(digest: string): NonNullable<UploadPart['digests']> {
  const digests = announcedDigests({ 'repr-digest': digest });
  if (Object.keys(digests).length > 0) return digests;
  throw invalidField('digest', 'must be such as sha-256=:<base64>:, or sha-512=:<base64>:');
}

function scalar(field: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new DfsError('validation-failed', `The manifest says of ${field} what is neither text, a number nor a flag.`, {
    errors: [{ field, detail: 'must be text, a number or a flag' }],
  });
}
