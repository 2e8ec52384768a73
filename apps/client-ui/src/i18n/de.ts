/** German, by the English text: `{$…}` are the places of what is put in; before `¦` stands the meaning, where a text has one. */
export const GERMAN: Readonly<Record<string, string>> = {};
