import { Component, DOCUMENT, inject } from '@angular/core';
import { CopyButton } from '../kit/copy-button.js';

/** How programs use this node: the documents of the API, and a call to begin with, at the address of this page. */
@Component({
  selector: 'dfs-integrate',
  imports: [CopyButton],
  template: `
    <h2 i18n>Integrate</h2>
    <p i18n class="lead">Programs use this node by its HTTP API, with a key made under Access.</p>
    <ul>
      @for (link of links; track link.href) {
        <li class="row">
          <a class="words" [href]="link.href" target="_blank" rel="noopener">{{ link.name }}</a>
        </li>
      }
    </ul>
    @for (sample of samples; track sample.name) {
      <h3>{{ sample.name }}</h3>
      <div class="row">
        <pre class="words" tabindex="0" [attr.aria-label]="sample.name">{{ sample.text }}</pre>
        <dfs-copy-button [text]="sample.text" />
      </div>
    }
  `,
  styleUrl: './settings-card.scss',
})
export class Integrate {
  /** With its `/` at the end. */
  readonly #base = inject(DOCUMENT).baseURI;
  protected readonly links = [
    { name: $localize`API, to read and to try`, href: `${this.#base}api/docs` },
    { name: $localize`OpenAPI document`, href: `${this.#base}api/openapi.json` },
    { name: $localize`AsyncAPI document of the events`, href: `${this.#base}api/asyncapi.json` },
  ];
  protected readonly samples = [
    {
      name: $localize`List files`,
      text: `curl -H "Authorization: Bearer $DFS_KEY" '${this.#base}api/v1/files?limit=10'`,
    },
    {
      name: $localize`Upload a file`,
      text: `curl -H "Authorization: Bearer $DFS_KEY" -T photo.jpg '${this.#base}api/v1/files/content?path=photos/photo.jpg'`,
    },
    {
      name: $localize`Follow events`,
      text: `curl -N -H "Authorization: Bearer $DFS_KEY" '${this.#base}api/v1/events/stream'`,
    },
  ];
}
