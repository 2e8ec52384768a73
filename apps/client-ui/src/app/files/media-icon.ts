import { Component, computed, input } from '@angular/core';
import {
  mdiCodeBraces,
  mdiFileDocumentOutline,
  mdiFileOutline,
  mdiFilePdfBox,
  mdiFileTableOutline,
  mdiImageOutline,
  mdiMovieOpenOutline,
  mdiMusicNoteOutline,
  mdiPackageVariantClosed,
  mdiPresentation,
  mdiFormatFont,
} from '@mdi/js';
import { Icon } from '../kit/icon.js';

/** Kinds of media, the first that fits the media type or the end of the name. */
const KINDS: readonly { kind: string; label: string; icon: string; type?: RegExp; name?: RegExp }[] = [
  { kind: 'image', label: $localize`Image`, icon: mdiImageOutline, type: /^image\// },
  {
    kind: 'video',
    label: $localize`Video`,
    icon: mdiMovieOpenOutline,
    type: /^video\/(?!mp2t|vnd\.dlna\.mpeg-tts)/,
    name: /\.(m2ts?|mts)$/i,
  },
  { kind: 'audio', label: $localize`Audio`, icon: mdiMusicNoteOutline, type: /^audio\// },
  { kind: 'font', label: $localize`Font`, icon: mdiFormatFont, type: /^font\// },
  { kind: 'pdf', label: 'PDF', icon: mdiFilePdfBox, type: /^application\/pdf/ },
  {
    kind: 'table',
    label: $localize`Table`,
    icon: mdiFileTableOutline,
    type: /spreadsheet|ms-excel|\/csv/,
    name: /\.(csv|xlsx?|ods)$/i,
  },
  {
    kind: 'slides',
    label: $localize`Slides`,
    icon: mdiPresentation,
    type: /presentation|powerpoint/,
    name: /\.(pptx?|odp|key)$/i,
  },
  {
    kind: 'archive',
    label: $localize`Archive`,
    icon: mdiPackageVariantClosed,
    type: /zip|compressed|x-tar|gzip|x-7z|x-rar|x-xz|x-bzip|debian/,
    name: /\.(zip|tgz|gz|tar|xz|bz2|zst|7z|rar|deb|rpm|iso|img)$/i,
  },
  {
    kind: 'code',
    label: $localize`Code`,
    icon: mdiCodeBraces,
    type: /javascript|json|[/+]xml|x-sh|typescript|yaml|toml|x-python/,
    name: /\.([cm]?[jt]sx?|json|ya?ml|toml|py|rs|go|c|h|cc|cpp|java|kt|sh|html?|s?css|sql)$/i,
  },
  {
    kind: 'text',
    label: $localize`Text`,
    icon: mdiFileDocumentOutline,
    type: /^text\/|msword|opendocument.text|wordprocessing|rtf/,
  },
];
const OTHER = { kind: 'other', label: $localize`File`, icon: mdiFileOutline };

/** A drawing of what kind of file it is. */
@Component({
  selector: 'dfs-media-icon',
  imports: [Icon],
  template: `<span class="tile" [class]="kind().kind"><dfs-icon [path]="kind().icon" [size]="size()" /></span>`,
  styles: `
    :host {
      display: inline-flex;
      flex: none;
    }
    .tile {
      display: inline-flex;
      color: var(--text-3);
    }
    .image {
      color: light-dark(#0f7a6c, #5fd0be);
    }
    .video {
      color: light-dark(#8a3ab0, #d19bf0);
    }
    .audio {
      color: light-dark(#b0306a, #f294bd);
    }
    .pdf {
      color: light-dark(#b3261e, #ff9a92);
    }
    .table {
      color: light-dark(#23743f, #7fd49b);
    }
    .slides {
      color: light-dark(#b0540a, #f5b071);
    }
    .archive {
      color: light-dark(#7a5a14, #dcb968);
    }
    .code {
      color: light-dark(#3a50b8, #a3b5ff);
    }
    .text {
      color: light-dark(#3b6296, #9cc0ea);
    }
  `,
})
export class MediaIcon {
  readonly mediaType = input.required<string>();
  readonly path = input.required<string>();
  readonly size = input(20);
  protected readonly kind = computed(() => kindOf(this.mediaType(), this.path()));
}

/** The kind of a file, by its media type or else by its name. */
export function kindOf(mediaType: string, path: string): { kind: string; label: string; icon: string } {
  return KINDS.find(({ type, name }) => type?.test(mediaType) || name?.test(path)) ?? OTHER;
}
