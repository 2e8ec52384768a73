import type { FileInfo } from '@dfs/contracts';
import { kindOf } from '../media-icon.js';

/** Larger images are not shown by themselves: bytes. */
const MAX_IMAGE_BYTES = 50_000_000;
const RASTER = /^image\/(png|jpeg|gif|webp|avif|bmp|tiff|svg\+xml)$/;
const TEXT = /^text\/|json|[/+]xml|javascript|yaml|toml|x-sh|x-python/;

/** The element of a page that shows a file. */
export type PreviewKind = 'image' | 'video' | 'audio' | 'pdf' | 'text' | 'none';

/** How a browser shows a file; `none` where it cannot, or where its bytes cannot be reached now. */
export function previewKindOf({ mediaType, path, size, replication, local }: FileInfo): PreviewKind {
  const readable = size > 0 && (local === 'whole' || replication.reachable > 0);
  if (!readable) return 'none';
  if (RASTER.test(mediaType)) return size <= MAX_IMAGE_BYTES ? 'image' : 'none';
  const { kind } = kindOf(mediaType, path);
  if (kind === 'video' || kind === 'audio' || kind === 'pdf') return kind;
  return TEXT.test(mediaType) || kind === 'code' ? 'text' : 'none';
}
