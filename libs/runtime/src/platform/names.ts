import type { Platform } from './files.js';

/** Characters that a name must not have on Windows. */
const FORBIDDEN = /[\\:*?"<>|]/g;
/** A name ends with these: Windows drops them. */
const ENDING = /[ .]+$/;
/** Devices of Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?= *(?:\.|$))/i;

/** A name of a file or folder as every system takes it: `_` stands for what Windows does not take. */
export function portableName(name: string): string {
  return name
    .replace(FORBIDDEN, '_')
    .replace(ENDING, (end) => '_'.repeat(end.length))
    .replace(DEVICE, '_$1');
}

/** Whether names that differ in their case alone are those of one file, as file systems are by default. */
export function foldsCase(platform: Platform = process.platform): boolean {
  return platform === 'win32' || platform === 'darwin';
}
