/** The body of a request that puts these files. */
export function formOf(files: readonly { path: string; content: string | Uint8Array<ArrayBuffer> }[]): FormData {
  const form = new FormData();
  for (const { path, content } of files) {
    form.append('path', path);
    form.append('file', new Blob([content]), path.slice(path.lastIndexOf('/') + 1));
  }
  return form;
}
