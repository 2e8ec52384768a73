import { languageOf } from './language.js';

describe('the language of the console', () => {
  it.each([
    [null, ['de-AT', 'en'], 'de'],
    [null, ['fr', 'DE'], 'de'],
    [null, ['en-GB', 'de'], 'en'],
    [null, ['fr'], 'en'],
    [null, [], 'en'],
    ['en', ['de'], 'en'],
    ['de', ['en'], 'de'],
  ] as const)('chosen %s, in a browser of %j, is %s', (chosen, browser, language) =>
    expect(languageOf(chosen, browser)).toBe(language),
  );
});
