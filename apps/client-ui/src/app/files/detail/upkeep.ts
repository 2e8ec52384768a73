import { Component, inject, input, linkedSignal, output, signal } from '@angular/core';
import { FilesApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { FileInfo, VerifyResult } from '@dfs/contracts';
import { mdiShieldCheckOutline, mdiWrenchOutline } from '@mdi/js';
import type { Observable } from 'rxjs';
import { Icon } from '../../kit/icon.js';
import { Notice } from '../../kit/notice.js';
import { counted, formatBytes, formatCount } from '../../kit/words/sizes.js';

/** Looks after the copies of a file by hand: reads those on this node, and has the node do what it can for the others. */
@Component({
  selector: 'dfs-upkeep',
  imports: [Icon, Notice],
  template: `
    <div class="acts">
      <button class="btn small" type="button" [disabled]="busy() || file().local === 'none'" (click)="verify()">
        <dfs-icon [path]="icons.verify" [size]="18" /><ng-container i18n>Check the bytes here</ng-container>
      </button>
      <button class="btn small" type="button" [disabled]="busy()" (click)="repair()">
        <dfs-icon [path]="icons.repair" [size]="18" /><ng-container i18n>Repair</ng-container>
      </button>
    </div>
    <p class="told" role="status">{{ told() }}</p>
    @if (problem(); as problem) {
      <dfs-notice [problem]="problem" [retryable]="false" />
    }
  `,
  styles: `
    .acts {
      display: flex;
      flex-wrap: wrap;
      gap: 8px;
      margin-top: 10px;
    }
    .told:not(:empty) {
      margin-top: 8px;
      color: var(--text-2);
      font-size: 13px;
    }
  `,
})
export class Upkeep {
  readonly #api = inject(FilesApi);
  readonly file = input.required<FileInfo>();
  /** The node has begun to do what it can. */
  readonly repaired = output();
  protected readonly busy = signal(false);
  protected readonly told = linkedSignal({ source: () => this.file().version, computation: () => '' });
  protected readonly problem = linkedSignal<string, ApiProblem | null>({
    source: () => this.file().version,
    computation: () => null,
  });
  protected readonly icons = { verify: mdiShieldCheckOutline, repair: mdiWrenchOutline };

  protected verify(): void {
    this.told.set($localize`Every chunk that is on this node is being read…`);
    this.#run(this.#api.verify(this.file().id), (result) => this.told.set(wordsOf(result)));
  }

  protected repair(): void {
    this.told.set($localize`The node is asked…`);
    this.#run(this.#api.repair(this.file().id), () => {
      this.told.set($localize`The node does what it can. The copies above follow as they come.`);
      this.repaired.emit();
    });
  }

  #run<T>(call: Observable<T>, done: (answer: T) => void): void {
    this.busy.set(true);
    this.problem.set(null);
    call.subscribe({
      next: (answer) => {
        this.busy.set(false);
        done(answer);
      },
      error: (error: unknown) => {
        this.busy.set(false);
        this.told.set('');
        this.problem.set(toApiProblem(error));
      },
    });
  }
}

function wordsOf({ chunks, here, bytes, damaged }: VerifyResult): string {
  const all = counted(chunks, 'chunk');
  const good = $localize`Sound on this node: ${formatCount(here)}:here: of ${all}:all:, ${formatBytes(bytes)}:bytes:.`;
  if (damaged === 0) return good;
  return `${good} ${$localize`${counted(damaged, 'chunk')}:damaged: damaged: fetched anew from nodes that have them.`}`;
}
