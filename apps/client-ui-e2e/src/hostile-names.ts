/** Names that a node takes, and by which a page could be led astray. */
export const HOSTILE_NAMES: readonly string[] = [
  // Read from the right, an image.
  'photo\u202Egpj.exe',
  'isolated \u2066name\u2069.txt',
  // Nothing to see.
  'zero\u200Bwidth.txt',
  'soft\u00ADhyphen.txt',
  'filler\u3164.txt',
  'tag\u{E0041}.txt',
  // Markup, scripts and templates.
  '<img src=x onerror=alert(1)>.html',
  '"><svg onload=alert(1)>.svg',
  "'-alert(1)-'.js",
  'javascript:alert(1)',
  '{{ 7 * 7 }} ${7 * 7} {$INTERPOLATION}.txt',
  // Names that are something else to a program.
  'CON',
  'aux.txt',
  'trailing dot.',
  ' leading space',
  '%2e%2e%2fetc%2fpasswd',
  '__proto__',
  'constructor',
  // Writing of other directions and heights.
  '\u05E9\u05DC\u05D5\u05DD.txt',
  '\u0645\u0644\u0641\u200F (1).txt',
  `z${'\u0316\u0317\u0301\u0302'.repeat(30)}algo.txt`,
  '\u{1F468}\u200D\u{1F469}\u200D\u{1F467} \u{1F3F4}\u{E0067}\u{E0062}\u{E007F}.txt',
  // Long, with and without places to break.
  `${'x'.repeat(240)}.txt`,
  `${'\u754C'.repeat(300)}.txt`,
];

/** Characters that no page shows: they turn or break the text around them, or cannot be seen. */
export const NEVER_SHOWN =
  '[\\u00AD\\u061C\\u200B\\u200E\\u200F\\u2028-\\u202E\\u2060-\\u2069\\u3164\\uFEFF]|\\u{E0041}';
