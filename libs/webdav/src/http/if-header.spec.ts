import fc from 'fast-check';
import { asksForTag, holds, parseIf, tokensShown, type IfCondition, type IfFacts, type IfList } from './if-header.js';

const LOCK = 'urn:uuid:150852e2-3847-42d5-8cbe-0f4f296f26cf';
const OTHER = 'urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2';

/** The header as a client writes it. */
function written(lists: readonly IfList[]): string {
  const condition = (one: IfCondition): string =>
    `${one.not ? 'Not ' : ''}${'token' in one ? `<${one.token}>` : `["${one.tag}"]`}`;
  return lists
    .map(({ resource, conditions }, at) => {
      const isNamed = resource !== undefined && resource !== lists[at - 1]?.resource;
      return `${isNamed ? `<${resource}> ` : ''}(${conditions.map(condition).join(' ')})`;
    })
    .join(' ');
}

describe('the header If', () => {
  it.each([
    ['(<urn:a>)', [{ conditions: [{ not: false, token: 'urn:a' }] }]],
    [
      `(Not <${LOCK}> <${OTHER}>)`,
      [
        {
          conditions: [
            { not: true, token: LOCK },
            { not: false, token: OTHER },
          ],
        },
      ],
    ],
    ['(["I am an ETag"])', undefined],
    ['(["tag"]) (["other"])', [{ conditions: [{ tag: 'tag' }] }, { conditions: [{ tag: 'other' }] }]],
    ['([W/"weak"])', [{ conditions: [{ tag: 'weak' }] }]],
    [
      '(<urn:a>["t"])(not<urn:b>)',
      [{ conditions: [{ token: 'urn:a' }, { tag: 't' }] }, { conditions: [{ not: true }] }],
    ],
    [
      '<http://h/x> (<urn:a>) (["t"]) </dav/y> (Not ["u"])',
      [
        { resource: 'http://h/x' },
        { resource: 'http://h/x' },
        { resource: '/dav/y', conditions: [{ not: true, tag: 'u' }] },
      ],
    ],
  ])('%s', (header, lists) => {
    if (lists === undefined) expect(() => parseIf(header)).toThrow(/RFC 4918/);
    else expect(parseIf(header)).toMatchObject(lists);
  });

  it.each([
    '',
    '()',
    '(',
    '<urn:a>',
    '(<urn:a>) <http://h/x> (<urn:b>)',
    '(<urn:a>) x',
    '(Not)',
    '(NotX)',
    '(["a)',
    '(<a b>)',
  ])('is not %j', (header) => expect(() => parseIf(header)).toThrow(expect.objectContaining({ code: 'bad-request' })));

  it('is bounded', () => {
    expect(() => parseIf('(<urn:a>)'.repeat(65))).toThrow(/RFC 4918/);
    expect(() => parseIf(`(${'<urn:a>'.repeat(65)})`)).toThrow(/RFC 4918/);
    expect(() => parseIf(`(${'['.repeat(10_000)})`)).toThrow(/RFC 4918/);
  });

  const condition: fc.Arbitrary<IfCondition> = fc.oneof(
    fc.record({ not: fc.boolean(), token: fc.constantFrom('urn:a', 'urn:b', LOCK, 'DAV:no-lock') }),
    fc.record({ not: fc.boolean(), tag: fc.constantFrom('one', 'two', 'v:0a') }),
  );
  const conditions = fc.array(condition, { minLength: 1, maxLength: 4 });
  const lists: fc.Arbitrary<IfList[]> = fc.oneof(
    fc.array(
      conditions.map((all): IfList => ({ resource: undefined, conditions: all })),
      { minLength: 1, maxLength: 4 },
    ),
    fc.array(fc.record({ resource: fc.constantFrom<string>('/dav/x', 'http://h/dav/y'), conditions }), {
      minLength: 1,
      maxLength: 4,
    }),
  );

  it('is read as it was written', () => {
    fc.assert(fc.property(lists, (all) => expect(parseIf(written(all))).toEqual(all)));
  });

  it('holds where one list holds whole', async () => {
    const facts = fc.record({
      tokens: fc.uniqueArray(fc.constantFrom('urn:a', 'urn:b', LOCK)).map((all): ReadonlySet<string> => new Set(all)),
      tag: fc.option(fc.constantFrom('one', 'two'), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(lists, facts, facts, async (all, here, there) => {
        const at = (resource: string | undefined): IfFacts => (resource === undefined ? here : there);
        const isMet = (one: IfCondition, { tokens, tag }: IfFacts): boolean =>
          ('token' in one ? tokens.has(one.token) : one.tag === tag) !== one.not;
        const expected = all.some((list) => list.conditions.every((one) => isMet(one, at(list.resource))));
        expect(await holds(all, async (resource) => at(resource))).toBe(expected);
      }),
    );
  });

  it('shows its tokens, wherever they stand', () => {
    expect([...tokensShown(parseIf('(Not <urn:a>) (<urn:b> ["t"])'))]).toEqual(['urn:a', 'urn:b']);
    expect(asksForTag(parseIf('(<urn:a>)'))).toBe(false);
    expect(asksForTag(parseIf('(<urn:a>) (Not ["t"])'))).toBe(true);
  });
});
