import { takeTurns } from './turns.mjs';

describe('output of several at the same time', () => {
  it('is shown one after another, and the first at once', () => {
    let shown = '';
    const [first, second, third] = takeTurns(3, (text) => (shown += text));
    first!.write('a1 ');
    second!.write('b1 ');
    third!.write('c1 ');
    third!.end();
    first!.write('a2 ');
    expect(shown).toBe('a1 a2 ');
    first!.end();
    expect(shown).toBe('a1 a2 b1 ');
    second!.write('b2 ');
    expect(shown).toBe('a1 a2 b1 b2 ');
    second!.end();
    expect(shown).toBe('a1 a2 b1 b2 c1 ');
  });
});
