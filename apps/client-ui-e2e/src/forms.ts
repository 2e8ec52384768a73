/** The body of a request that puts these files, each with its text. */
export function formOf(files: readonly { path: string; text: string }[]): FormData {
  const form = new FormData();
  for (const { path, text } of files) {
    form.append('path', path);
    form.append('file', new Blob([text]), path.slice(path.lastIndexOf('/') + 1));
  }
  return form;
}
