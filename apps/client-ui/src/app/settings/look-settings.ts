import { Component, inject, signal } from '@angular/core';
import { chooseLanguage, chosenLanguage, LANGUAGES, type Language } from '../../i18n/language.js';
import { Look } from '../files/look.js';
import { chooseTheme, chosenTheme, type Theme } from '../kit/theme.js';

/** How the console looks in this browser, and which language it speaks. */
@Component({
  selector: 'dfs-look-settings',
  template: `
    <h2 i18n>Appearance and language</h2>
    <p i18n class="lead">Kept in this browser.</p>
    <label class="field">
      <span i18n>Language</span>
      <select class="input" (change)="speak($any($event.target).value)">
        <option i18n value="" [selected]="language === null">As the browser has it</option>
        @for (one of languages; track one.language) {
          <option [value]="one.language" [selected]="language === one.language" [attr.lang]="one.language">
            {{ one.name }}
          </option>
        }
      </select>
      <small i18n>A change loads the page anew.</small>
    </label>
    <label class="field">
      <span i18n>Colours</span>
      <select class="input" (change)="show($any($event.target).value)">
        @for (one of themes; track one.theme) {
          <option [value]="one.theme" [selected]="theme() === one.theme">{{ one.name }}</option>
        }
      </select>
    </label>
    <label class="field">
      <span i18n>Rows of files</span>
      <select class="input" (change)="look.set({ density: $any($event.target).value })">
        <option i18n value="roomy" [selected]="look.density() === 'roomy'">Roomy</option>
        <option i18n value="compact" [selected]="look.density() === 'compact'">Compact</option>
      </select>
    </label>
  `,
  styleUrl: './settings-card.scss',
})
export class LookSettings {
  readonly #theme = signal(chosenTheme());
  protected readonly look = inject(Look);
  protected readonly theme = this.#theme.asReadonly();
  protected readonly language = chosenLanguage();
  /** Each by its own name, which is not translated. */
  protected readonly languages = LANGUAGES.map((language) => ({
    language,
    name: new Intl.DisplayNames(language, { type: 'language' }).of(language) ?? language,
  }));
  protected readonly themes: readonly { theme: Theme; name: string }[] = [
    { theme: 'system', name: $localize`As the system has it` },
    { theme: 'light', name: $localize`Light` },
    { theme: 'dark', name: $localize`Dark` },
  ];

  protected speak(language: Language | ''): void {
    chooseLanguage(language === '' ? null : language);
  }

  protected show(theme: Theme): void {
    this.#theme.set(theme);
    chooseTheme(theme);
  }
}
