import { Component, computed, inject, input, linkedSignal } from '@angular/core';
import { FilesApi } from '@dfs/client-data';
import type { FileInfo } from '@dfs/contracts';
import { MediaIcon } from '../media-icon.js';

/** Larger images are not shown in cards: bytes. */
const MAX_BYTES = 3_000_000;
const RASTER = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

/** A picture of a file for a card: of images that this node has, the image; of others their kind. A grid fetches nothing from other nodes. */
@Component({
  selector: 'dfs-thumbnail',
  imports: [MediaIcon],
  template: `
    @if (source(); as url) {
      <img [src]="url" alt="" loading="lazy" decoding="async" (error)="broken.set(true)" />
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
  protected readonly broken = linkedSignal({ source: () => this.file().contentId, computation: () => false });
  protected readonly source = computed(() => {
    const { id, mediaType, size, local, version } = this.file();
    const fits = RASTER.test(mediaType) && size > 0 && size <= MAX_BYTES && local === 'whole';
    return fits && !this.broken() ? this.#api.contentUrl(id, version) : null;
  });
}
