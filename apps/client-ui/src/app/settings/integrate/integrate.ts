import { Component, DOCUMENT, inject } from '@angular/core';
import { FrontGuide } from './front-guide.js';
import { s3Address, s3Guides, webdavAddress, webdavGuides } from './fronts.js';

/** How programs use this node: the documents of the API, and the drive and the bucket, at the address of this page. */
@Component({
  selector: 'dfs-integrate',
  imports: [FrontGuide],
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
    <dfs-front-guide heading="As a drive (WebDAV)" i18n-heading [address]="webdav.address" [guides]="webdav.guides">
      <ng-container i18n
        >File managers open the network as a drive at this address. The user name may be anything; the password is a
        key.</ng-container
      >
    </dfs-front-guide>
    <dfs-front-guide heading="As a bucket (S3)" i18n-heading [address]="s3.address" [guides]="s3.guides">
      <ng-container i18n
        >Backup programs and tools for S3 find all files at this address, in the bucket “dfs”. They sign in with the two
        parts of a key.</ng-container
      >
    </dfs-front-guide>
    <p class="end">
      <button i18n class="btn small" type="button" (click)="toKeys()">Go to the keys</button>
    </p>
  `,
  styleUrl: '../settings-card.scss',
})
export class Integrate {
  readonly #document = inject(DOCUMENT);
  /** With its `/` at the end. */
  readonly #base = this.#document.baseURI;
  protected readonly links = [
    { name: $localize`API, to read and to try`, href: `${this.#base}api/docs` },
    {
      name: $localize`OpenAPI document`,
      href: `${this.#base}api/openapi.json`,
    },
    {
      name: $localize`AsyncAPI document of the events`,
      href: `${this.#base}api/asyncapi.json`,
    },
  ];
  protected readonly webdav = {
    address: webdavAddress(this.#base),
    guides: webdavGuides(this.#base),
  };
  protected readonly s3 = {
    address: s3Address(this.#base),
    guides: s3Guides(this.#base),
  };

  /** Keys are made on the card beside this one. */
  protected toKeys(): void {
    this.#document.querySelector<HTMLElement>('dfs-access-settings form input')?.focus();
  }
}
