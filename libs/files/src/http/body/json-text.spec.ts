import { isDfsError } from '@dfs/runtime';
import { parseJsonObject } from './json-text.js';

const lists = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
const refusal = (text: string): string => {
  try {
    parseJsonObject(text, 'The form');
  } catch (error) {
    if (isDfsError(error, 'bad-request')) return error.message;
    throw error;
  }
  return 'taken';
};

describe('JSON that a client wrote', () => {
  it('is an object, however its fields are named', () => {
    expect(parseJsonObject('{"a":[1,{"b":null}],"constructor":2}', 'The form')).toEqual({
      a: [1, { b: null }],
      constructor: 2,
    });
    for (const text of ['', '1', 'null', '[]', '"a"', '{', '{"a":1}x']) expect(refusal(text)).toContain('The form');
  });

  it('has sixteen levels and no more, in lists and in objects', () => {
    expect(refusal(`{"a":${lists(15)}}`)).toBe('taken');
    expect(refusal(`{"a":${lists(16)}}`)).toContain('levels deep');
    expect(refusal(`{"a":${lists(30_000)}}`)).toContain('levels deep');
    expect(refusal(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`)).toContain('levels deep');
  });

  it('has no prototype, at any level', () => {
    expect(refusal('{"__proto__":1}')).toContain('__proto__');
    expect(refusal('{"a":[{"b":{"__proto__":{}}}]}')).toContain('__proto__');
    expect(refusal('{"a":"__proto__"}')).toBe('taken');
  });
});
