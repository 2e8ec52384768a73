import type { FilesApi } from '@dfs/client-data';
import { map, of, type Observable } from 'rxjs';
import type { Previewed } from './preview-kind.js';

/** The beginning of a text of a file, as text whatever it is: a browser would show nothing where a zero byte stands. */
export function firstText(
  api: FilesApi,
  { id, version, size }: Pick<Previewed, 'id' | 'version' | 'size'>,
  most: number,
): Observable<string> {
  const bytes = Math.min(most, size);
  if (bytes === 0) return of('');
  return api
    .firstBytes(id, bytes, version)
    .pipe(map((buffer) => new TextDecoder().decode(buffer).replaceAll('\0', '\u2400')));
}
