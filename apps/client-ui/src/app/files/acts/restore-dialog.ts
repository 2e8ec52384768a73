import { Component, computed, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { FoldersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { FolderAct } from '@dfs/contracts';
import { mdiDeleteOutline, mdiRestore } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { DialogFrame, dialogData, dialogRef } from '../../kit/dialogs.js';
import { Icon } from '../../kit/icon.js';
import { visibleName } from '../../kit/words/names.js';
import { Notice } from '../../kit/notice.js';
import { counted, formatBytes } from '../../kit/words/sizes.js';

/** Hours. */
const day = 24;

/** A folder as it was at a time: shows first what would change. Closes with the act. */
@Component({
  selector: 'dfs-restore-dialog',
  imports: [DialogFrame, FormsModule, Icon, Notice],
  template: `
    <dfs-dialog [heading]="heading">
      <p i18n>
        Files that were deleted or changed since come back as they were then. Files that were not there yet are deleted.
        All of it can be undone.
      </p>
      <div class="when">
        <label>
          <span i18n>As it was at</span>
          <input class="input" type="datetime-local" name="at" [max]="now" [(ngModel)]="at" (ngModelChange)="look()" />
        </label>
        @for (choice of choices; track choice.name) {
          <button class="btn small" type="button" (click)="back(choice.hours)">{{ choice.name }}</button>
        }
      </div>
      @if (problem(); as refused) {
        <dfs-notice [problem]="refused" [retryable]="false" />
      }
      <div class="preview" role="status">
        @if (busy()) {
          <p i18n>Looking what would change…</p>
        } @else if (preview(); as act) {
          <p class="num">
            @if (act.files + act.deleted + act.folders === 0) {
              <ng-container i18n>Nothing would change: the folder is as it was then.</ng-container>
            } @else {
              <ng-container i18n
                >{{ counted(act.files, 'file') }} ({{ formatBytes(act.bytes) }}) would come back,
                {{ counted(act.deleted, 'file') }} would be deleted.</ng-container
              >
            }
            @if (act.skippedTotal > 0) {
              &ngsp;<ng-container i18n>{{ counted(act.skippedTotal, 'path') }} would stay as they are.</ng-container>
            }
          </p>
          @if (act.changes?.length) {
            <ul tabindex="0" aria-label="What would change" i18n-aria-label>
              @for (change of act.changes; track change.path) {
                <li [class]="change.change">
                  <dfs-icon [path]="change.change === 'restored' ? icons.restored : icons.deleted" [size]="18" />
                  <span class="said">{{ told[change.change] }}</span><span dir="auto">{{
                    visibleName(change.path)
                  }}</span>
                </li>
              }
            </ul>
          }
        } @else {
          <p i18n>Choose a time to see what would change.</p>
        }
      </div>
      <ng-container actions>
        <button i18n class="btn" type="button" (click)="ref.close()">Cancel</button>
        <button i18n class="btn primary" type="button" [disabled]="!changes()" (click)="restore()">Restore</button>
      </ng-container>
    </dfs-dialog>
  `,
  styles: `
    p {
      color: var(--text-2);
    }
    .when {
      display: flex;
      flex-wrap: wrap;
      align-items: flex-end;
      gap: 8px;
      margin: 16px 0;
    }
    label {
      flex: 1 1 220px;
    }
    label > span {
      display: block;
      margin-bottom: 6px;
      font-weight: 500;
    }
    .when .btn {
      height: 40px;
    }
    .preview {
      min-height: 60px;
    }
    ul {
      max-height: 200px;
      margin-top: 8px;
      overflow: auto;
      border: 1px solid var(--line);
      border-radius: var(--radius-small);
    }
    li {
      display: flex;
      align-items: center;
      gap: 8px;
      padding: 4px 10px;
      overflow-wrap: anywhere;
    }
    .restored dfs-icon {
      color: var(--ok);
    }
    .deleted dfs-icon {
      color: var(--bad);
    }
  `,
})
export class RestoreDialog {
  readonly #api = inject(FoldersApi);
  readonly #prefix = dialogData<{ prefix: string }>().prefix;
  readonly #preview = signal<FolderAct | null>(null);
  readonly #problem = signal<ApiProblem | null>(null);
  readonly #busy = signal(false);
  #round = 0;
  protected readonly ref = dialogRef<FolderAct>();
  protected readonly heading =
    this.#prefix === ''
      ? $localize`All files as they were`
      : $localize`“${visibleName(this.#prefix)}:prefix:” as it was`;
  protected readonly now = local(new Date());
  protected readonly at = signal('');
  protected readonly preview = this.#preview.asReadonly();
  protected readonly problem = this.#problem.asReadonly();
  protected readonly busy = this.#busy.asReadonly();
  protected readonly changes = computed(() => {
    const act = this.preview();
    return !this.busy() && act !== null && act.files + act.deleted + act.folders > 0;
  });
  protected readonly choices = [
    { name: $localize`1 hour ago`, hours: 1 },
    { name: $localize`Yesterday`, hours: day },
    { name: $localize`A week ago`, hours: 7 * day },
  ];
  protected readonly icons = { restored: mdiRestore, deleted: mdiDeleteOutline };
  protected readonly told = { restored: $localize`restored`, deleted: $localize`deleted` };
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;
  protected readonly visibleName = visibleName;

  protected back(hours: number): void {
    this.at.set(local(new Date(Date.now() - hours * 3_600_000)));
    this.look();
  }

  protected look(): void {
    void this.#ask(true);
  }

  protected restore(): void {
    void this.#ask(false);
  }

  async #ask(preview: boolean): Promise<void> {
    const time = Date.parse(this.at());
    const round = ++this.#round;
    this.#problem.set(null);
    if (preview) this.#preview.set(null);
    if (Number.isNaN(time)) return;
    this.#busy.set(true);
    try {
      // The person has seen what goes.
      const request = { path: this.#prefix, at: new Date(time).toISOString(), preview, confirm: true };
      const act = await firstValueFrom(this.#api.restore(request));
      if (round !== this.#round) return;
      if (preview) this.#preview.set(act);
      else this.ref.close(act);
    } catch (error) {
      if (round === this.#round) this.#problem.set(toApiProblem(error));
    }
    if (round === this.#round) this.#busy.set(false);
  }
}

/** As a field for date and time has it: the time here, to the second. */
function local(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
