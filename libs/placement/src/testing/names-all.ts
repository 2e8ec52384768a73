import type { NamedContents } from '../pins/waiting-pins.js';

/** As where every content belongs to a file, of whatever size. */
export const namesAll: NamedContents = async (contents) => new Map(contents.map((content) => [content, Infinity]));
