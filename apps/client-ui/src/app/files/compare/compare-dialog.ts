import { Component, computed, inject, linkedSignal, signal, type Signal } from '@angular/core';
import { FilesApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { FileInfo, VersionInfo } from '@dfs/contracts';
import { mdiDownload, mdiNotEqualVariant, mdiRestore } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { DialogFrame, dialogData, dialogRef } from '../../kit/dialogs.js';
import { Icon } from '../../kit/icon.js';
import { nameOf, visibleName } from '../../kit/words/names.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { formatBytes } from '../../kit/words/sizes.js';
import { formatDate } from '../../kit/words/times.js';
import { PeersState } from '../../peers/peers-state.js';
import { Download } from '../acts/download.js';
import { Preview } from '../detail/preview.js';
import { previewKindOf, type Previewed } from '../detail/preview-kind.js';
import { TextDifference } from './text-difference.js';
import { factsOf } from './version-facts.js';

/** Versions that can be chosen: the newest ones. */
const MOST = 1000;

/** A file and one of its versions, which is to be compared. */
export interface Comparison {
  id: string;
  path: string;
  /** The version that is looked at. */
  version: string;
  /** Changes when there may be another version. */
  round: Signal<string>;
}

/** One of the two sides. */
interface Side {
  at: 0 | 1;
  name: string;
  restoreName: (when: string) => string;
  downloadName: (when: string) => string;
}

const SIDES: readonly Side[] = [
  {
    at: 0,
    name: $localize`Version A`,
    restoreName: (when) => $localize`Restore version A, of ${when}:when:`,
    downloadName: (when) => $localize`Download version A, of ${when}:when:`,
  },
  {
    at: 1,
    name: $localize`Version B`,
    restoreName: (when) => $localize`Restore version B, of ${when}:when:`,
    downloadName: (when) => $localize`Download version B, of ${when}:when:`,
  },
];

/** Two versions of a file side by side: what is told of them, and their contents. Closes with the version that was restored. */
@Component({
  selector: 'dfs-compare-dialog',
  imports: [DialogFrame, Icon, Notice, Preview, TextDifference],
  templateUrl: './compare-dialog.html',
  styleUrl: './compare-dialog.scss',
})
export class CompareDialog {
  readonly #api = inject(FilesApi);
  readonly #download = inject(Download);
  readonly #peers = inject(PeersState);
  readonly #ref = dialogRef<VersionInfo>();
  readonly #data = dialogData<Comparison>();
  readonly #busy = signal(false);
  readonly #problem = signal<ApiProblem | null>(null);
  protected readonly heading = $localize`Versions of “${visibleName(nameOf(this.#data.path))}:name:”`;
  protected readonly sides = SIDES;
  protected readonly list = reading(
    () => this.#api.versions(this.#data.id, MOST),
    () => true,
    () => this.#data.round(),
  );
  /** Those with a content, the newest first. */
  protected readonly versions = computed(() => this.list.value()?.items.filter(({ kind }) => kind === 'file'));
  /** The one that was looked at beside the current one, or else beside its neighbour; until a person chooses others. */
  readonly #chosen = linkedSignal<readonly VersionInfo[] | undefined, readonly [string, string] | null>({
    source: this.versions,
    computation: (versions, before) => before?.value ?? (versions ? firstChoice(versions, this.#data.version) : null),
  });
  protected readonly pair = computed(() => {
    const chosen = this.#chosen();
    const [before, after] = chosen?.map((version) => this.versions()?.find((one) => one.version === version)) ?? [];
    return before && after ? ([before, after] as const) : null;
  });
  protected readonly facts = computed(() => {
    const pair = this.pair();
    return pair ? factsOf(pair[0], pair[1], (peerId) => this.#peers.nameOf(peerId)) : [];
  });
  protected readonly same = computed(() => {
    const pair = this.pair();
    return pair !== null && pair[0].contentId === pair[1].contentId;
  });
  protected readonly previews = computed<readonly [Previewed, Previewed] | null>(
    () => {
      const pair = this.pair();
      return pair && [this.#previewOf(pair[0]), this.#previewOf(pair[1])];
    },
    // A version never changes; what is looked at stays where only another copy is in reach.
    { equal: (a, b) => a !== null && b !== null && a.every((one, at) => isSamePreview(one, b[at])) },
  );
  protected readonly bothText = computed(() => this.previews()?.every((one) => previewKindOf(one) === 'text') ?? false);
  protected readonly noneShown = computed(() => this.previews()?.every((one) => previewKindOf(one) === 'none') ?? true);
  protected readonly busy = this.#busy.asReadonly();
  protected readonly problem = this.#problem.asReadonly();
  protected readonly icons = { download: mdiDownload, restore: mdiRestore, differs: mdiNotEqualVariant };
  protected readonly formatDate = formatDate;

  protected label(version: VersionInfo): string {
    const words = [
      formatDate(version.writtenAt),
      visibleName(this.#peers.nameOf(version.author)),
      formatBytes(version.size),
      ...(version.shown ? [$localize`current`] : version.head ? [$localize`conflict`] : []),
    ];
    return words.join(' · ');
  }

  protected choose(at: 0 | 1, version: string): void {
    this.#problem.set(null);
    this.#chosen.update((chosen) => chosen && (at === 0 ? [version, chosen[1]] : [chosen[0], version]));
  }

  /** In the place of a preview. */
  protected without(version: VersionInfo): string {
    if (version.size === 0) return $localize`This version is empty.`;
    if (version.purged && version.local !== 'whole') return $localize`The bytes of this version are no longer kept.`;
    if (version.local !== 'whole' && (version.reachable ?? 0) === 0)
      return $localize`No copy of this version can be reached now.`;
    return $localize`The browser cannot show files of this kind. Download the versions to compare them.`;
  }

  protected isShown(preview: Previewed): boolean {
    return previewKindOf(preview) !== 'none';
  }

  protected download({ version }: VersionInfo): void {
    this.#download.file(this.#data.id, version);
  }

  protected async restore(version: VersionInfo): Promise<void> {
    this.#busy.set(true);
    this.#problem.set(null);
    try {
      await firstValueFrom(this.#api.restore(this.#data.id, version.version));
      this.#ref.close(version);
    } catch (error) {
      this.#problem.set(toApiProblem(error));
    }
    this.#busy.set(false);
  }

  protected close(): void {
    this.#ref.close();
  }

  #previewOf(version: VersionInfo): Previewed {
    const { contentId, local = 'none', reachable = 0 } = version;
    const told: Pick<FileInfo, 'id' | 'path'> = { id: this.#data.id, path: this.#data.path };
    return { ...version, ...told, contentId: contentId ?? '', local, replication: { reachable } };
  }
}

/** The older one stands left. */
function firstChoice(versions: readonly VersionInfo[], version: string): readonly [string, string] | null {
  const at = versions.findIndex((one) => one.version === version);
  const shown = versions.findIndex((one) => one.shown);
  const other = shown !== -1 && shown !== at ? shown : at + 1 < versions.length ? at + 1 : at - 1;
  const [newer, older] = [versions[Math.min(at, other)], versions[Math.max(at, other)]];
  return newer && older ? [older.version, newer.version] : null;
}

function isSamePreview(a: Previewed, b: Previewed | undefined): boolean {
  return b !== undefined && a.version === b.version && previewKindOf(a) === previewKindOf(b);
}
