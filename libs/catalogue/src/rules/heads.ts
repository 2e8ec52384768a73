import {
  carriedAttributes,
  compareClocks,
  type Cid,
  type RecordAttributes,
  type RecordClock,
  type RecordFields,
  type RecordKind,
} from '@dfs/protocol';

/** A record that counts, as far as heads are concerned. */
export interface Version {
  id: string;
  kind: RecordKind;
  /** Of a deletion: what was deleted, if that is known. */
  content: Cid | null;
  size: number;
  mediaType: string;
  author: string;
  /** Brought along by a node that joined: shown only where there is nothing else. */
  imported: boolean;
  clock: RecordClock;
  /** Milliseconds since 1970: the author's wall clock, or this node's when the record came, whichever was earlier. */
  shownAt: number;
  /** Of a deletion: those of what was deleted. */
  attributes: RecordAttributes;
  /** `shownAt` of the first version of this life of the path. */
  born: number;
  /** A deletion that says of itself that its retention is over. */
  purges: boolean;
  /** Of one that came in this unit of work: the act that it belongs to, in hex. */
  act?: string;
  /** It has the content of one that it replaces: it only says something else about it. */
  repeats: boolean;
}

const RANK: Record<RecordKind, number> = { deletion: 0, folder: 1, file: 2 };

/**
 * Which of two versions is shown: positive when it is `a`. A total order, the same on every node. Peer ids are
 * compared as text, which is the order of their bytes: all are of one length, and base58 is in ASCII order.
 */
export function compareVersions(a: Version, b: Version): number {
  return (
    RANK[a.kind] - RANK[b.kind] ||
    Number(b.imported) - Number(a.imported) ||
    compareClocks(a.clock, b.clock) ||
    compareText(a.author, b.author) ||
    compareText(a.id, b.id)
  );
}

/** The head everyone shows; undefined when there is none. */
export function shownOf<V extends Version>(heads: Iterable<V>): V | undefined {
  let shown: V | undefined;
  for (const head of heads) if (shown === undefined || compareVersions(head, shown) > 0) shown = head;
  return shown;
}

/** Heads, the shown one first. */
export function ranked<V extends Version>(heads: Iterable<V>): V[] {
  return [...heads].sort((a, b) => compareVersions(b, a));
}

/**
 * Whether a person has something to choose: heads that differ in kind or content. Two nodes that deleted the same file,
 * or stored the same bytes, do not disagree.
 */
export function inConflict(heads: Iterable<Version>): boolean {
  let first: Version | undefined;
  for (const head of heads) {
    first ??= head;
    if (head.kind !== first.kind) return true;
    if (head.kind === 'file' && head.content !== first.content) return true;
  }
  return false;
}

/** Ids of all that a record replaces: its parents, and those whose clock is greater although they came before it. */
export function replacedIds({ parents, attributes }: Pick<RecordFields, 'parents' | 'attributes'>): readonly string[] {
  return attributes.supersedes === undefined ? parents : [...new Set([...parents, ...attributes.supersedes])];
}

/** The facts that a version takes over from those it replaces. */
export interface Inherited {
  born: number;
  content: Cid | null;
  size: number;
  mediaType: string;
  attributes: RecordAttributes;
  repeats: boolean;
}

/** From the parents that are known and count; `own` is what the record itself says. */
export function inherit(own: Omit<Version, 'born' | 'repeats'>, parents: readonly Version[]): Inherited {
  const { content, size, mediaType, attributes } = own;
  if (own.kind !== 'deletion') {
    const before = parents.filter((parent) => parent.kind === own.kind).map((parent) => parent.born);
    const repeats =
      own.kind === 'file' && parents.some((parent) => parent.kind === 'file' && parent.content === content);
    return { born: Math.min(own.shownAt, ...before), content, size, mediaType, attributes, repeats };
  }
  const deleted = shownOf(parents.filter((parent) => parent.content !== null));
  return {
    born: own.shownAt,
    content: deleted?.content ?? null,
    size: deleted?.size ?? 0,
    mediaType: deleted?.mediaType ?? '',
    attributes: carriedAttributes(deleted?.attributes ?? {}),
    repeats: false,
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
