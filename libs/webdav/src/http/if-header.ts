import { DfsError } from '@dfs/runtime';

/** One condition of a list: a lock's token or an entity tag, and whether it must not hold. */
export type IfCondition = { not: boolean } & ({ token: string } | { tag: string });

/** Conditions that hold together, of the resource that is named, or of the one that the request is about. */
export interface IfList {
  /** URI as it stands in the header. */
  resource: string | undefined;
  conditions: IfCondition[];
}

/** The facts of a resource that its conditions are held against. */
export interface IfFacts {
  /** Tokens of the locks that hold it. */
  tokens: ReadonlySet<string>;
  /** Its entity tag without quotes; undefined where there is none. */
  tag: string | undefined;
}

const LISTS = 64;
const CONDITIONS = 64;

/**
 * The header `If` of RFC 4918 §10.4.
 * @throws DfsError `bad-request`
 */
export function parseIf(header: string): IfList[] {
  const lists: IfList[] = [];
  const rest = new Scanner(header);
  let resource: string | undefined;
  while (!rest.isOver) {
    const named = rest.take(RESOURCE);
    if (named !== undefined) {
      if (lists.length > 0 && resource === undefined) throw malformed();
      resource = named;
    }
    if (rest.take(OPEN) === undefined) throw malformed();
    lists.push({ resource, conditions: conditionsOf(rest) });
    if (lists.length > LISTS) throw malformed();
  }
  if (lists.length === 0) throw malformed();
  return lists;
}

/** Whether one of the lists holds whole. */
export async function holds(
  lists: readonly IfList[],
  factsOf: (resource: string | undefined) => Promise<IfFacts>,
): Promise<boolean> {
  for (const { resource, conditions } of lists) {
    const facts = await factsOf(resource);
    if (conditions.every((condition) => isMet(condition, facts) !== condition.not)) return true;
  }
  return false;
}

/** Tokens that are shown, wherever they stand (§10.4.1). */
export function tokensShown(lists: readonly IfList[]): Set<string> {
  return new Set(lists.flatMap(({ conditions }) => conditions.flatMap((one) => ('token' in one ? [one.token] : []))));
}

/** Whether a tag of the resource of the request was asked for, so that a change in between is to be noticed. */
export function asksForTag(lists: readonly IfList[]): boolean {
  return lists.some(({ conditions }) => conditions.some((one) => 'tag' in one));
}

const OPEN = /[ \t]*(\()[ \t]*/y;
const CLOSE = /[ \t]*(\))[ \t]*/y;
const NOT = /[ \t]*(Not)(?=[ \t<[])[ \t]*/iy;
const RESOURCE = /[ \t]*<([^<>\s]{1,8192})>[ \t]*/y;
const TOKEN = /[ \t]*<([^<>\s]{1,200})>[ \t]*/y;
const TAG = /[ \t]*\[[ \t]*(?:W\/)?"([\x21\x23-\x7e\x80-\xff]{0,200})"[ \t]*\][ \t]*/y;

function conditionsOf(rest: Scanner): IfCondition[] {
  const conditions: IfCondition[] = [];
  while (rest.take(CLOSE) === undefined) {
    const not = rest.take(NOT) !== undefined;
    const token = rest.take(TOKEN);
    const tag = token === undefined ? rest.take(TAG) : undefined;
    if (token !== undefined) conditions.push({ not, token });
    else if (tag !== undefined) conditions.push({ not, tag });
    else throw malformed();
    if (conditions.length > CONDITIONS) throw malformed();
  }
  if (conditions.length === 0) throw malformed();
  return conditions;
}

function isMet(condition: IfCondition, { tokens, tag }: IfFacts): boolean {
  return 'token' in condition ? tokens.has(condition.token) : condition.tag === tag;
}

class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  get isOver(): boolean {
    return this.text.slice(this.at).trim() === '';
  }

  /** The group of a sticky expression, where it matches here. */
  take(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text);
    if (found === null) return undefined;
    this.at = expression.lastIndex;
    return found[1];
  }
}

function malformed(): DfsError {
  return new DfsError(
    'bad-request',
    'The header If is none of RFC 4918: lists of lock tokens and entity tags in parentheses.',
  );
}
