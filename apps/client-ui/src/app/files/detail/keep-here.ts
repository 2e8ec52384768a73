import { Component, computed, inject, input, output, signal } from '@angular/core';
import { FilesApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { FileInfo } from '@dfs/contracts';
import { firstValueFrom, type Observable } from 'rxjs';
import { Notice } from '../../kit/notice.js';

/** Whether this node keeps a file because a person wants it here, and the ways to change that. */
@Component({
  selector: 'dfs-keep-here',
  imports: [Notice],
  template: `
    <p class="how" role="status">{{ how() }}</p>
    <button class="btn small" type="button" [attr.aria-busy]="busy()" (click)="isKept() ? free() : keep()">
      @if (isKept()) {
        <ng-container i18n>Keep it here no longer</ng-container>
      } @else {
        <ng-container i18n>Keep on this node</ng-container>
      }
    </button>
    @if (!isKept() && file().local !== 'none') {
      <button i18n class="btn ghost small" type="button" [attr.aria-busy]="busy()" (click)="free()">
        Free the room here
      </button>
    }
    @if (problem(); as refused) {
      <dfs-notice [problem]="refused" [retryable]="false" />
    }
  `,
  styles: `
    :host {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px;
      margin-top: 12px;
    }
    .how {
      flex: 1 1 100%;
      margin: 0;
      color: var(--text-2);
    }
    dfs-notice {
      flex: 1 1 100%;
    }
  `,
})
export class KeepHere {
  readonly #api = inject(FilesApi);
  readonly file = input.required<FileInfo>();
  /** The file is another by now. */
  readonly changed = output();
  protected readonly busy = signal(false);
  readonly #refused = signal<{ id: string; problem: ApiProblem } | null>(null);
  /** Of the last try, until another file is looked at. */
  protected readonly problem = computed(() => {
    const refused = this.#refused();
    return refused?.id === this.file().id ? refused.problem : null;
  });
  protected readonly isKept = computed(() => this.file().kept === true);
  protected readonly how = computed(() => {
    const { local } = this.file();
    if (!this.isKept()) {
      return {
        whole: $localize`This node has a copy for the network. Another node may take it over.`,
        part: $localize`This node has a part of it for the network.`,
        none: $localize`This node has no copy: the file is read from other nodes.`,
      }[local];
    }
    return {
      whole: $localize`This node keeps a copy whatever the network does, and of each new version too.`,
      part: $localize`This node is to keep a copy. A part of it is here so far.`,
      none: $localize`This node is to keep a copy, and fetches it.`,
    }[local];
  });

  protected keep(): Promise<void> {
    return this.#change(this.#api.keep(this.file().id));
  }

  protected free(): Promise<void> {
    return this.#change(this.#api.free(this.file().id));
  }

  async #change(request: Observable<FileInfo>): Promise<void> {
    if (this.busy()) return;
    const { id } = this.file();
    this.busy.set(true);
    this.#refused.set(null);
    try {
      await firstValueFrom(request);
    } catch (error) {
      this.#refused.set({ id, problem: toApiProblem(error) });
    } finally {
      this.busy.set(false);
      // A refusal may have changed something, too: the wish to keep the file is taken back all the same.
      this.changed.emit();
    }
  }
}
