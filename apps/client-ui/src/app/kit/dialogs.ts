import type { ComponentType } from '@angular/cdk/portal';
import { DIALOG_DATA, Dialog, DialogRef } from '@angular/cdk/dialog';
import { Component, Service, inject, input } from '@angular/core';
import { firstValueFrom } from 'rxjs';

/** Opens dialogs: one way, one look. */
@Service()
export class Dialogs {
  readonly #dialog = inject(Dialog);
  #opened = 0;

  /** Answers what the dialog was closed with; undefined when it was left. */
  async open<R, D = unknown>(content: ComponentType<unknown>, data?: D): Promise<R | undefined> {
    // A dialog over another one is named by its own heading.
    const id = `dialog-${++this.#opened}`;
    const ref = this.#dialog.open<R, D>(content, {
      id,
      data: data ?? null,
      backdropClass: 'dialog-backdrop',
      panelClass: 'dialog-pane',
      ariaLabelledBy: headingOf(id),
      autoFocus: 'first-tabbable',
      restoreFocus: true,
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
