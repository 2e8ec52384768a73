import { Component, computed, inject, input, linkedSignal, output } from '@angular/core';
import { DomSanitizer } from '@angular/platform-browser';
import { FilesApi } from '@dfs/client-data';
import { mdiArrowExpand } from '@mdi/js';
import { map } from 'rxjs';
import { ActButton } from '../../kit/act-button.js';
import { reading } from '../../kit/reading.js';
import { visibleName } from '../../kit/words/names.js';
import { formatBytes } from '../../kit/words/sizes.js';
import { firstText } from './first-text.js';
import { isDrawing, previewKindOf, type Previewed } from './preview-kind.js';

/** Of larger images a smaller picture is shown, where the node makes one: bytes. */
const MAX_OWN_BYTES = 2_000_000;
/** Images that browsers do not show by themselves. */
const MADE = /^image\/tiff$/;
/** So much of a text is shown. */
const MAX_TEXT_BYTES = 32 * 1024;

/**
 * A look into a file without downloading it, also when its bytes are on other nodes: they are fetched as they are looked
 * at. Text is shown as text, whatever it is.
 */
@Component({
  selector: 'dfs-preview',
  imports: [ActButton],
  host: { '[class.large]': 'large()' },
  template: `
    @if (kind() !== 'none' && !large()) {
      <div class="head">
        <h3 i18n>Preview</h3>
        <button
          [dfsAct]="enlargeIcon"
          tip="Look at it in the whole window"
          i18n-tip
          label="Look at it in the whole window"
          i18n-label
          [size]="18"
          (click)="enlarge.emit()"
        ></button>
      </div>
    }
    @if (failed()) {
      <p i18n class="sorry">No preview: the browser cannot show this file, or its bytes cannot be reached now.</p>
    } @else {
      @switch (kind()) {
        @case ('image') {
          @if (image(); as address) {
            <img [src]="address" alt="Preview of {{ name() }}" i18n-alt decoding="async" (error)="withoutPicture()" />
          } @else if (drawing.problem(); as problem) {
            <p class="sorry">{{ problem.title }}. {{ visibleName(problem.detail) }}</p>
          }
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
    .head {
      display: flex;
      align-items: center;
      justify-content: space-between;
      margin-bottom: 4px;
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
    /* In the whole window, but for a heading and buttons, or for as much as stands around it there. */
    :host(.large) {
      img,
      video,
      pre {
        max-height: max(120px, calc(100dvh - var(--around, 180px)));
      }
      iframe {
        height: max(120px, calc(100dvh - var(--around, 180px)));
      }
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
  readonly file = input.required<Previewed>();
  /** In the whole window. */
  readonly large = input(false);
  /** The whole window is wanted for it. */
  readonly enlarge = output();
  protected readonly enlargeIcon = mdiArrowExpand;
  protected readonly maxText = MAX_TEXT_BYTES;
  protected readonly failed = linkedSignal({ source: () => this.file().contentId, computation: () => false });
  protected readonly url = computed(() => this.#api.contentUrl(this.file().id, this.file().version));
  protected readonly name = computed(() => visibleName(this.file().path));
  /** The node has none of this image. */
  readonly #withoutPicture = linkedSignal({ source: () => this.file().contentId, computation: () => false });
  readonly #made = computed(() => {
    const { size, mediaType } = this.file();
    const isWanted = (size > MAX_OWN_BYTES && !this.large()) || MADE.test(mediaType);
    return isWanted && !this.#withoutPicture();
  });
  /** Within an image nothing of it is run, and nothing loaded. */
  protected readonly drawing = reading(
    (wanted: Pick<Previewed, 'id' | 'size' | 'version'>) =>
      firstText(this.#api, wanted, wanted.size).pipe(
        map((text) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`),
      ),
    computed(
      () => {
        const { id, version, size, mediaType } = this.file();
        return this.kind() === 'image' && isDrawing(mediaType) ? { id, version, size } : undefined;
      },
      { equal: isSameVersion },
    ),
  );
  protected readonly image = computed(() => {
    const { id, version, mediaType } = this.file();
    if (isDrawing(mediaType)) return this.drawing.value();
    return this.#made() ? this.#api.thumbnailUrl(id, version, { large: true }) : this.url();
  });
  /** The node answers with what cannot be run, or else with an attachment; the address is made of an id. */
  protected readonly frame = computed(() =>
    this.#sanitizer.bypassSecurityTrustResourceUrl(
      this.#api.contentUrl(this.file().id, this.file().version, { inline: true }),
    ),
  );
  protected readonly kind = computed(() => previewKindOf(this.file()));
  protected readonly text = reading(
    (wanted: Pick<Previewed, 'id' | 'size' | 'version'>) => firstText(this.#api, wanted, MAX_TEXT_BYTES),
    computed(
      () => {
        const { id, version, size } = this.file();
        return this.kind() === 'text' ? { id, version, size } : undefined;
      },
      { equal: isSameVersion },
    ),
  );
  protected readonly formatBytes = formatBytes;
  protected readonly visibleName = visibleName;

  protected withoutPicture(): void {
    if (this.#made()) this.#withoutPicture.set(true);
    else this.failed.set(true);
  }
}

type Version = Pick<Previewed, 'id' | 'version'> | undefined;

function isSameVersion(a: Version, b: Version): boolean {
  return a?.id === b?.id && a?.version === b?.version;
}
