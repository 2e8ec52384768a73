import { Component, type ElementRef, afterNextRender, computed, signal, viewChild } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { DialogFrame, dialogData, dialogRef } from '../../kit/dialogs.js';

/** The question of the dialog. */
export interface NameQuestion {
  heading: string;
  label: string;
  /** The name to begin with. */
  value: string;
  action: string;
  hint?: string;
}

/** Asks for one name, of a folder or a file; closes with it. */
@Component({
  selector: 'dfs-name-dialog',
  imports: [DialogFrame, FormsModule],
  template: `
    <form (ngSubmit)="done()">
      <dfs-dialog [heading]="question.heading">
        <label>
          <span>{{ question.label }}</span>
          <input
            #field
            class="input"
            name="name"
            dir="auto"
            autocomplete="off"
            spellcheck="false"
            maxlength="255"
            [attr.aria-invalid]="fault() ? true : null"
            aria-describedby="name-fault"
            [(ngModel)]="name"
          />
        </label>
        <p id="name-fault" role="status">{{ fault() || question.hint }}</p>
        <ng-container actions>
          <button i18n class="btn" type="button" (click)="ref.close()">Cancel</button>
          <button class="btn primary" type="submit" [disabled]="!good()">{{ question.action }}</button>
        </ng-container>
      </dfs-dialog>
    </form>
  `,
  styles: `
    label > span {
      display: block;
      margin-bottom: 6px;
      font-weight: 500;
    }
    p {
      min-height: 20px;
      margin-top: 6px;
      color: var(--text-2);
      font-size: 13px;
    }
  `,
})
export class NameDialog {
  protected readonly question = dialogData<NameQuestion>();
  protected readonly ref = dialogRef<string>();
  protected readonly name = signal(this.question.value);
  protected readonly field = viewChild.required<ElementRef<HTMLInputElement>>('field');
  protected readonly fault = computed(() => faultOf(this.name()));
  protected readonly good = computed(() => {
    const name = this.name().trim();
    return name !== '' && name !== this.question.value && this.fault() === '';
  });

  constructor() {
    // The ending of a name mostly stays.
    afterNextRender(() => {
      const { nativeElement } = this.field();
      const dot = this.question.value.lastIndexOf('.');
      nativeElement.setSelectionRange(0, dot > 0 ? dot : this.question.value.length);
    });
  }

  protected done(): void {
    if (this.good()) this.ref.close(this.name().trim().normalize('NFC'));
  }
}

function faultOf(name: string): string {
  const trimmed = name.trim();
  if (trimmed.includes('/')) return $localize`A name has no “/”: move it into a folder instead.`;
  if (trimmed === '.' || trimmed === '..') return $localize`This name has a meaning of its own: take another one.`;
  return '';
}
