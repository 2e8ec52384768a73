import { ManifestBuilder, split } from '@dfs/chunks';
import { sha256 } from '@dfs/protocol';

/** The id that the bytes of a stream would have as a content: cut and hashed as an upload is, and stored nowhere. */
export async function contentIdOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const manifest = new ManifestBuilder();
  for await (const chunk of split(source)) manifest.push(sha256(chunk), chunk.length);
  return manifest.finish().contentId;
}
