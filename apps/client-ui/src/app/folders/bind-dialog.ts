import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { FormsModule } from '@angular/forms';
import { LiveFoldersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { EstimateLiveFolder, LiveFolderInfo, LiveFolderMode } from '@dfs/contracts';
import { debounceTime, firstValueFrom } from 'rxjs';
import { DialogFrame, dialogRef } from '../kit/dialogs.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { counted, formatBytes } from '../kit/words/sizes.js';
import { DirectoryChooser } from './directory-chooser.js';
import { MODES, lastNameOf } from './folder-words.js';

/** A person stopped typing. Milliseconds. */
const QUIET_MS = 300;

/** Binds a directory of the node's disk to a folder of the network; what that comes to stands before the button. */
@Component({
  selector: 'dfs-bind-dialog',
  imports: [DialogFrame, DirectoryChooser, FormsModule, Notice],
  templateUrl: './bind-dialog.html',
  styleUrl: './folder-dialogs.scss',
})
export class BindDialog {
  readonly #api = inject(LiveFoldersApi);
  protected readonly ref = dialogRef<LiveFolderInfo>();
  readonly #busy = signal(false);
  readonly #problem = signal<ApiProblem | null>(null);
  protected readonly busy = this.#busy.asReadonly();
  protected readonly problem = this.#problem.asReadonly();
  protected readonly directory = signal('');
  /** The name of the directory, until a person writes another. */
  protected readonly prefix = linkedSignal(() => lastNameOf(this.directory()));
  protected readonly mode = signal<LiveFolderMode>('both');
  protected readonly rules = signal('');
  protected readonly modes = MODES;
  readonly #wanted = computed<EstimateLiveFolder | undefined>(() => {
    const root = this.directory();
    if (root === '') return undefined;
    const ignore = this.rules()
      .split('\n')
      .filter((line) => line.trim() !== '');
    return {
      root,
      prefix: this.prefix()
        .trim()
        .replace(/^\/+|\/+$/g, ''),
      ignore,
    };
  });
  readonly #asked = toSignal(toObservable(this.#wanted).pipe(debounceTime(QUIET_MS)));
  protected readonly estimate = reading(
    (wanted: EstimateLiveFolder) => this.#api.estimate(wanted),
    () => this.#asked(),
  );
  /** The estimate is of what is chosen now. */
  protected readonly ready = computed(
    () =>
      this.#wanted() !== undefined &&
      this.#asked() === this.#wanted() &&
      this.estimate.value() !== undefined &&
      this.estimate.problem() === null,
  );
  protected readonly visibleName = visibleName;
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;

  protected async bind(): Promise<void> {
    const wanted = this.#wanted();
    if (wanted === undefined || !this.ready() || this.busy()) return;
    this.#busy.set(true);
    this.#problem.set(null);
    try {
      this.ref.close(await firstValueFrom(this.#api.bind({ ...wanted, mode: this.mode() })));
    } catch (error) {
      this.#problem.set(toApiProblem(error));
    }
    this.#busy.set(false);
  }
}
