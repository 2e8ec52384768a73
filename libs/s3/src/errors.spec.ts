import { MAX_PATH_BYTES, normalisePath } from '@dfs/protocol';
import { DfsError, isDfsError } from '@dfs/runtime';
import { toldAs } from './errors.js';

describe('a refusal of a key', () => {
  const refused = (path: string): DfsError => {
    try {
      normalisePath(path);
    } catch (error) {
      if (isDfsError(error)) return error;
    }
    throw new Error('it was taken');
  };

  it('has a name of its own where the key is too long, whatever the sentence says', () => {
    const error = refused('ü'.repeat(MAX_PATH_BYTES / 2) + 'x');
    expect(toldAs(error)).toMatchObject({ code: 'KeyTooLongError', status: 400 });
    expect(error.facts).toEqual({ maxBytes: MAX_PATH_BYTES });
    const { code, errors, facts } = error;
    expect(toldAs(new DfsError(code, 'Other words.', { errors: errors!, facts: facts! })).code).toBe('KeyTooLongError');
    expect(toldAs(new DfsError('invalid-path', 'A name is longer than what it stands in.')).code).toBe(
      'InvalidArgument',
    );
    for (const path of ['', 'a//b', '../a', 'a\\b', '/a', 'a\u0000']) {
      expect(toldAs(refused(path)).code).toBe('InvalidArgument');
    }
  });
});
