import type { FileInfo, Replication } from '@dfs/contracts';
import { kindOf } from '../media-icon.js';

/** Larger images are not shown by themselves: bytes. */
const MAX_IMAGE_BYTES = 50_000_000;
const RASTER = /^image\/(png|jpeg|gif|webp|avif|bmp|tiff)$/;
/** Drawings are read as a whole before they are shown: bytes. */
const MAX_DRAWING_BYTES = 1_000_000;
const TEXT = /^text\/|json|[/+]xml|javascript|yaml|toml|x-sh|x-python/;

/** The element of a page that shows a file. */
export type PreviewKind = 'image' | 'video' | 'audio' | 'pdf' | 'text' | 'none';

/** As much of a file, or of one of its versions, as a look into it takes. */
export type Previewed = Pick<FileInfo, 'contentId' | 'id' | 'local' | 'mediaType' | 'path' | 'size' | 'version'> & {
  replication: Pick<Replication, 'reachable'>;
};

/** How a browser shows a file; `none` where it cannot, or where its bytes cannot be reached now. */
export function previewKindOf({ mediaType, path, size, replication, local }: Previewed): PreviewKind {
  const readable = size > 0 && (local === 'whole' || replication.reachable > 0);
  if (!readable) return 'none';
  if (RASTER.test(mediaType)) return size <= MAX_IMAGE_BYTES ? 'image' : 'none';
  if (isDrawing(mediaType)) return size <= MAX_DRAWING_BYTES ? 'image' : 'none';
  const { kind } = kindOf(mediaType, path);
  if (kind === 'video' || kind === 'audio' || kind === 'pdf') return kind;
  return TEXT.test(mediaType) || kind === 'code' ? 'text' : 'none';
}

/** An SVG. The node sends it as bytes that no browser runs, and so shows by itself. */
export function isDrawing(mediaType: string): boolean {
  return /^image\/svg\+xml\b/.test(mediaType);
}
