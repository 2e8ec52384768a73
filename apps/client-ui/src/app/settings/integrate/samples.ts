/** A call that a person can take over as it stands. */
export interface Sample {
  name: string;
  text: string;
}

/** The languages in which there are samples. */
export type SampleLanguage = 'curl' | 'JavaScript';

/**
 * Calls to begin with, for this node. The key is never in them: they read it from the environment, from `DFS_KEY`.
 * @param base of the node, with its `/` at the end
 */
export function samplesFor(base: string): Record<SampleLanguage, readonly Sample[]> {
  const api = `${base}api/v1`;
  const names = {
    list: $localize`List files`,
    upload: $localize`Upload a file`,
    events: $localize`Follow events`,
  };
  const key = '-H "Authorization: Bearer $DFS_KEY"';
  const headers = 'const headers = { Authorization: `Bearer ${process.env.DFS_KEY}` };';
  return {
    curl: [
      { name: names.list, text: `curl ${key} '${api}/files?limit=10'` },
      { name: names.upload, text: `curl ${key} -T photo.jpg '${api}/files/content?path=photos/photo.jpg'` },
      { name: names.events, text: `curl -N ${key} '${api}/events/stream'` },
    ],
    JavaScript: [
      {
        name: names.list,
        text: `${headers}
const answer = await fetch('${api}/files?limit=10', { headers });
const { items } = await answer.json();
console.log(items.map(({ path, size }) => \`\${path} \${size}\`).join('\\n'));`,
      },
      {
        name: names.upload,
        text: `import { openAsBlob } from 'node:fs';
${headers}
const body = await openAsBlob('photo.jpg');
const answer = await fetch('${api}/files/content?path=photos/photo.jpg', { method: 'PUT', headers, body });
console.log(answer.status, await answer.json());`,
      },
      {
        name: names.events,
        text: `${headers}
const answer = await fetch('${api}/events/stream', { headers });
for await (const text of answer.body.pipeThrough(new TextDecoderStream())) process.stdout.write(text);`,
      },
    ],
  };
}
