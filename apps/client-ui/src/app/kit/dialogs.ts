import type { ComponentType } from '@angular/cdk/portal';
import { DIALOG_DATA, Dialog, DialogRef } from '@angular/cdk/dialog';
import { Component, Service, inject, input } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { Unloaded } from './parts/unloaded.js';

/** Opens dialogs: one way, one look. */
@Service()
export class Dialogs {
  readonly #dialog = inject(Dialog);
  #opened = 0;

  /** Whether one is open. */
  get any(): boolean {
    return this.#dialog.openDialogs.length > 0;
  }

  /**
   * Opens a dialog that is a part of its own, loaded when it is wanted. Answers as `open` does; where it cannot be loaded, a
   * dialog says so, and the answer is undefined.
   */
  async load<R, D = unknown>(content: () => Promise<ComponentType<unknown>>, data?: D): Promise<R | undefined> {
    const loaded = await content().catch(() => undefined);
    return this.open<R, D | null>(loaded ?? UnloadedDialog, loaded ? data : null);
  }

  /** Answers what the dialog was closed with; undefined when it was left. */
  async open<R, D = unknown>(content: ComponentType<unknown>, data?: D): Promise<R | undefined> {
    // A dialog over another one is named by its own heading.
    const id = `dialog-${++this.#opened}`;
    // In a list whose rows move the focus goes back to the row that had it, wherever that is by then.
    const list = document.activeElement?.closest<HTMLElement>('[data-refocus]');
    const ref = this.#dialog.open<R, D>(content, {
      id,
      data: data ?? null,
      backdropClass: 'dialog-backdrop',
      panelClass: 'dialog-pane',
      ariaLabelledBy: headingOf(id),
      autoFocus: 'first-tabbable',
      restoreFocus: list?.dataset['refocus'] ?? true,
    });
    return firstValueFrom(ref.closed, { defaultValue: undefined });
  }
}

/** The frame of every dialog: heading, what it is about, and the actions in an element with the attribute `actions`. */
@Component({
  selector: 'dfs-dialog',
  template: `
    <h2 [id]="headingId" dir="auto">{{ heading() }}</h2>
    <div class="content" tabindex="-1"><ng-content /></div>
    <div class="actions"><ng-content select="[actions]" /></div>
  `,
  styleUrl: './dialogs.scss',
})
export class DialogFrame {
  readonly heading = input.required<string>();
  protected readonly headingId = headingOf(inject(DialogRef, { optional: true })?.id ?? 'dialog');
}

/** In the place of a dialog that could not be loaded. */
@Component({
  selector: 'dfs-unloaded-dialog',
  imports: [DialogFrame, Unloaded],
  template: `
    <dfs-dialog heading="Not loaded" i18n-heading>
      <dfs-unloaded />
      <button i18n actions class="btn" type="button" (click)="ref.close()">Close</button>
    </dfs-dialog>
  `,
})
class UnloadedDialog {
  protected readonly ref = dialogRef<undefined>();
}

function headingOf(id: string): string {
  return `${id}-heading`;
}

/** The data a dialog was opened with. Within an injection context. */
export function dialogData<D>(): D {
  return inject<D>(DIALOG_DATA);
}

/** The dialog that the calling component is in. Within an injection context. */
export function dialogRef<R>(): DialogRef<R> {
  return inject<DialogRef<R>>(DialogRef);
}
