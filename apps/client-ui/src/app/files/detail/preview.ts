import { Component, computed, inject, input, linkedSignal } from '@angular/core';
import { DomSanitizer } from '@angular/platform-browser';
import { FilesApi } from '@dfs/client-data';
import type { FileInfo } from '@dfs/contracts';
import { map, of } from 'rxjs';
import { reading } from '../../kit/reading.js';
import { visibleName } from '../../kit/words/names.js';
import { formatBytes } from '../../kit/words/sizes.js';
import { kindOf } from '../media-icon.js';

/** Larger images are not shown by themselves: bytes. */
const MAX_IMAGE_BYTES = 50_000_000;
/** Of larger images a smaller picture is shown, where the node makes one: bytes. */
const MAX_OWN_BYTES = 2_000_000;
/** Images that browsers do not show by themselves. */
const MADE = /^image\/tiff$/;
/** So much of a text is shown. */
const MAX_TEXT_BYTES = 32 * 1024;
const RASTER = /^image\/(png|jpeg|gif|webp|avif|bmp|tiff|svg\+xml)$/;
const TEXT = /^text\/|json|[/+]xml|javascript|yaml|toml|x-sh|x-python/;

type Kind = 'image' | 'video' | 'audio' | 'pdf' | 'text' | 'none';

/**
 * A look into a file without downloading it, also when its bytes are on other nodes: they are fetched as they are looked
 * at. Text is shown as text, whatever it is.
 */
@Component({
  selector: 'dfs-preview',
  template: `
    @if (kind() !== 'none') {
      <h3 i18n>Preview</h3>
    }
    @if (failed()) {
      <p i18n class="sorry">No preview: the browser cannot show this file, or its bytes cannot be reached now.</p>
    } @else {
      @switch (kind()) {
        @case ('image') {
          <img [src]="image()" alt="Preview of {{ name() }}" i18n-alt decoding="async" (error)="withoutPicture()" />
        }
        @case ('video') {
          <video [src]="url()" controls preload="metadata" playsinline (error)="failed.set(true)"></video>
        }
        @case ('audio') {
          <audio [src]="url()" controls preload="metadata" (error)="failed.set(true)"></audio>
        }
        @case ('pdf') {
          <iframe [src]="frame()" title="Preview of the document" i18n-title></iframe>
        }
        @case ('text') {
          @if (text.value(); as shown) {
            <pre tabindex="0" dir="auto" aria-label="Beginning of the file" i18n-aria-label>{{ shown }}</pre>
            @if (file().size > maxText) {
              <p i18n class="sorry">The first {{ formatBytes(maxText) }} of {{ formatBytes(file().size) }}.</p>
            }
          } @else if (text.problem(); as problem) {
            <p class="sorry">{{ problem.title }}. {{ visibleName(problem.detail) }}</p>
          } @else {
            <pre aria-hidden="true">…</pre>
          }
        }
      }
    }
  `,
  styles: `
    h3 {
      margin-bottom: 8px;
    }
    img,
    video {
      display: block;
      max-width: 100%;
      max-height: 320px;
      margin-inline: auto;
      border-radius: var(--radius-small);
      background: repeating-conic-gradient(var(--sunken) 0 25%, var(--surface) 0 50%) 0 0 / 16px 16px;
    }
    iframe {
      width: 100%;
      height: 420px;
      border: 1px solid var(--line);
      border-radius: var(--radius-small);
      background: #fff;
    }
    audio {
      width: 100%;
    }
    pre {
      max-height: 320px;
      margin: 0;
      padding: 12px;
      overflow: auto;
      border: 1px solid var(--line);
      border-radius: var(--radius-small);
      background: var(--bg);
      font: 12px/18px var(--mono);
      white-space: pre-wrap;
      overflow-wrap: anywhere;
      tab-size: 4;
    }
    .sorry {
      margin-top: 8px;
      color: var(--text-2);
      font-size: 13px;
    }
  `,
})
export class Preview {
  readonly #api = inject(FilesApi);
  readonly #sanitizer = inject(DomSanitizer);
  readonly file = input.required<FileInfo>();
  protected readonly maxText = MAX_TEXT_BYTES;
  protected readonly failed = linkedSignal({ source: () => this.file().contentId, computation: () => false });
  protected readonly url = computed(() => this.#api.contentUrl(this.file().id, this.file().version));
  protected readonly name = computed(() => visibleName(this.file().path));
  /** The node has none of this image. */
  readonly #withoutPicture = linkedSignal({ source: () => this.file().contentId, computation: () => false });
  readonly #made = computed(() => {
    const { size, mediaType } = this.file();
    const isWanted = (size > MAX_OWN_BYTES && mediaType !== 'image/svg+xml') || MADE.test(mediaType);
    return isWanted && !this.#withoutPicture();
  });
  protected readonly image = computed(() => {
    const { id, version } = this.file();
    return this.#made() ? this.#api.thumbnailUrl(id, version, { large: true }) : this.url();
  });
  /** The node answers with what cannot be run, or else with an attachment; the address is made of an id. */
  protected readonly frame = computed(() =>
    this.#sanitizer.bypassSecurityTrustResourceUrl(
      this.#api.contentUrl(this.file().id, this.file().version, { inline: true }),
    ),
  );
  protected readonly kind = computed((): Kind => {
    const { mediaType, path, size, replication, local } = this.file();
    const readable = size > 0 && (local === 'whole' || replication.reachable > 0);
    if (!readable) return 'none';
    if (RASTER.test(mediaType)) return size <= MAX_IMAGE_BYTES ? 'image' : 'none';
    const { kind } = kindOf(mediaType, path);
    if (kind === 'video' || kind === 'audio' || kind === 'pdf') return kind;
    return TEXT.test(mediaType) || kind === 'code' ? 'text' : 'none';
  });
  protected readonly text = reading(
    ({ id, bytes }: { id: string; bytes: number; version: string }) =>
      bytes === 0
        ? of('')
        : this.#api
            .firstBytes(id, bytes)
            .pipe(map((buffer) => new TextDecoder().decode(buffer).replaceAll('\0', '\u2400'))),
    computed(
      () => {
        const { id, version, size } = this.file();
        return this.kind() === 'text' ? { id, version, bytes: Math.min(MAX_TEXT_BYTES, size) } : undefined;
      },
      { equal: (a, b) => a?.id === b?.id && a?.version === b?.version },
    ),
  );
  protected readonly formatBytes = formatBytes;
  protected readonly visibleName = visibleName;

  protected withoutPicture(): void {
    if (this.#made()) this.#withoutPicture.set(true);
    else this.failed.set(true);
  }
}
