import { Component, DOCUMENT, computed, inject, signal } from '@angular/core';
import { CopyButton } from '../../kit/copy-button.js';
import { samplesFor, type SampleLanguage } from './samples.js';

/** Calls to begin with, at the address of this page. */
@Component({
  selector: 'dfs-calls',
  imports: [CopyButton],
  template: `
    <h2 i18n>Samples for programs</h2>
    <p class="lead">
      <ng-container i18n>They read the key from the environment, from DFS_KEY.</ng-container>&ngsp;
      @if (language() === 'JavaScript') {
        <ng-container i18n>For Node.js, as a module.</ng-container>
      }
    </p>
    <div class="segments" role="group" aria-label="Language of the samples" i18n-aria-label>
      @for (one of languages; track one) {
        <button type="button" [attr.aria-pressed]="one === language()" (click)="language.set(one)">
          {{ one }}
        </button>
      }
    </div>
    @for (sample of samples(); track sample.name) {
      <h3>{{ sample.name }}</h3>
      <div class="row sample">
        <pre class="words" tabindex="0" [attr.aria-label]="sample.name">{{ sample.text }}</pre>
        <dfs-copy-button [text]="sample.text" />
      </div>
    }
  `,
  styleUrl: '../settings-card.scss',
})
export class Calls {
  readonly #samples = samplesFor(inject(DOCUMENT).baseURI);
  protected readonly language = signal<SampleLanguage>('curl');
  protected readonly languages: readonly SampleLanguage[] = ['curl', 'JavaScript'];
  protected readonly samples = computed(() => this.#samples[this.language()]);
}
