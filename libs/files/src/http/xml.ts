const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** Characters that no document of XML 1.0 may have, in whatever form. */
// eslint-disable-next-line no-control-regex -- control characters are just what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
/** Readers make line feeds and spaces of these, where they stand as they are. */
const NORMALISED = /[\t\n\r]/g;

/** Text as it may stand between the tags of XML, and in an attribute. Characters that it has no form for become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"']/g, (found) => ESCAPES[found] as string)
    .replace(NORMALISED, (found) => `&#${found.charCodeAt(0)};`);
}
