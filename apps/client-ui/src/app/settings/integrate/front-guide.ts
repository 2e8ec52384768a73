import { Component, DOCUMENT, computed, inject, input, signal } from '@angular/core';
import { mdiAlertOutline } from '@mdi/js';
import { CopyButton } from '../../kit/copy-button.js';
import { Icon } from '../../kit/icon.js';
import type { Guide } from './fronts.js';

/** An address at which other programs find the files, and what to do there, system by system. */
@Component({
  selector: 'dfs-front-guide',
  imports: [CopyButton, Icon],
  template: `
    <h3>{{ heading() }}</h3>
    <p class="lead"><ng-content /></p>
    <div class="row sample">
      <pre class="words" tabindex="0" [attr.aria-label]="heading()">{{ address() }}</pre>
      <dfs-copy-button [text]="address()" label="Copy the address" i18n-label />
    </div>
    <div class="segments" role="group" [attr.aria-label]="heading()">
      @for (one of guides(); track one.name) {
        <button type="button" [attr.aria-pressed]="one.name === guide()?.name" (click)="chosen.set(one.name)">
          {{ one.name }}
        </button>
      }
    </div>
    @if (guide(); as now) {
      @if (now.warning ?? bare; as warning) {
        <p class="warning"><dfs-icon [path]="alert" [size]="18" />{{ warning }}</p>
      }
      <p class="lead">{{ now.text }}</p>
      @for (sample of now.samples; track sample.text) {
        <div class="row sample">
          <pre class="words" tabindex="0" [attr.aria-label]="now.name + ': ' + sample.name">{{ sample.text }}</pre>
          <dfs-copy-button [text]="sample.text" />
        </div>
      }
    }
  `,
  styleUrl: './front-guide.scss',
})
export class FrontGuide {
  readonly heading = input.required<string>();
  readonly address = input.required<string>();
  readonly guides = input.required<readonly Guide[]>();
  /** The name of the guide that a person looks at; the first one at the beginning. */
  protected readonly chosen = signal<string | null>(null);
  protected readonly guide = computed(
    () => this.guides().find(({ name }) => name === this.chosen()) ?? this.guides()[0],
  );
  protected readonly bare = isBare(inject(DOCUMENT).baseURI)
    ? $localize`This address is plain HTTP: others in the same network can read files and the key on their way.`
    : null;
  protected readonly alert = mdiAlertOutline;
}

/** Whether what is sent to this address can be read on the way. */
function isBare(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
