/** One case for all: `Straße`, `STRASSE` and `strasse` are found by each other. */
export function foldCase(text: string): string {
  return text.normalize('NFC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC');
}
