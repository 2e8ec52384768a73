import { sniffMediaType } from './sniff.js';
import type { OpenContent } from './download.js';

/** Bytes by which a kind of file is known. */
const FIRST_BYTES = 512;
/** Contents of which the type is remembered: a reader of a video asks for many ranges of it. */
const KNOWN = 1000;

/** Types that a browser shows and cannot run: raster images, audio, video, PDF. */
const SHOWN = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp', 'image/avif', 'image/heic', 'image/tiff'],
  ...['audio/mp4', 'audio/mpeg', 'audio/ogg', 'audio/wav', 'audio/flac', 'audio/webm'],
  ...['video/mp4', 'video/webm', 'video/ogg', 'video/quicktime', 'video/x-matroska'],
  'application/pdf',
]);

/** Under which types contents may be shown in a page: by their bytes, whatever their uploaders said. */
export class InlineTypes {
  private readonly known = new Map<string, string>();

  /** Null for what is not shown. @throws DfsError as `read` of the content */
  async of(content: OpenContent, signal: AbortSignal): Promise<string | null> {
    const declared = (content.mediaType.split(';', 1)[0] ?? '').trim().toLowerCase();
    const sniffed = this.known.get(content.contentId) ?? (await this.sniff(content, signal));
    if (!SHOWN.has(sniffed)) return null;
    // Some kinds of container have several names, as WebM is Matroska.
    return SHOWN.has(declared) && kindOf(declared) === kindOf(sniffed) ? declared : sniffed;
  }

  private async sniff(content: OpenContent, signal: AbortSignal): Promise<string> {
    const parts: Uint8Array[] = [];
    const range = { offset: 0, length: Math.min(FIRST_BYTES, content.size) };
    for await (const part of content.read(range, signal)) parts.push(Uint8Array.from(part));
    const type = sniffMediaType(Buffer.concat(parts));
    this.known.set(content.contentId, type);
    if (this.known.size > KNOWN) this.known.delete(this.known.keys().next().value as string);
    return type;
  }
}

/** Audio and video share their containers. */
function kindOf(type: string): string {
  const [kind] = type.split('/', 1) as [string];
  return kind === 'audio' ? 'video' : kind;
}
