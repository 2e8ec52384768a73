import { Component, computed, inject, input, linkedSignal } from '@angular/core';
import { FilesApi } from '@dfs/client-data';
import type { FileInfo } from '@dfs/contracts';
import { MediaIcon } from '../media-icon.js';

/** Of larger images the node makes no pictures. Bytes. */
const MAX_BYTES = 50 * 1024 * 1024;
/** Where the node makes none at all, small images are their own: bytes. */
const MAX_OWN_BYTES = 1_000_000;
const RASTER = /^image\/(png|jpeg|gif|webp|avif|tiff|bmp)$/;

/** A picture of a file for a card: of images that this node has, a small one; of others their kind. A grid fetches nothing from other nodes. */
@Component({
  selector: 'dfs-thumbnail',
  imports: [MediaIcon],
  template: `
    @if (source(); as url) {
      <img [src]="url" alt="" draggable="false" loading="lazy" decoding="async" (error)="next()" />
    } @else {
      <dfs-media-icon [mediaType]="file().mediaType" [path]="file().path" [size]="44" />
    }
  `,
  styles: `
    :host {
      display: grid;
      place-items: center;
      width: 100%;
      height: 100%;
      overflow: hidden;
    }
    img {
      width: 100%;
      height: 100%;
      object-fit: cover;
    }
  `,
})
export class Thumbnail {
  readonly #api = inject(FilesApi);
  readonly file = input.required<FileInfo>();
  /** Pictures that the browser did not get, of this content. */
  readonly #failed = linkedSignal({ source: () => this.file().contentId, computation: () => 0 });
  readonly #sources = computed(() => {
    const { id, mediaType, size, local, version } = this.file();
    if (!RASTER.test(mediaType) || size === 0 || size > MAX_BYTES || local !== 'whole') return [];
    const own = size <= MAX_OWN_BYTES ? [this.#api.contentUrl(id, version)] : [];
    return [this.#api.thumbnailUrl(id, version), ...own];
  });
  protected readonly source = computed(() => this.#sources()[this.#failed()] ?? null);

  protected next(): void {
    this.#failed.update((failed) => failed + 1);
  }
}
