import { Component, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { PeersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { PeerInfo } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import { DialogFrame, dialogRef } from '../kit/dialogs.js';
import { Notice } from '../kit/notice.js';

/** Connects to a member at an address, for when the nodes do not find each other by themselves. */
@Component({
  selector: 'dfs-connect-dialog',
  imports: [DialogFrame, FormsModule, Notice],
  template: `
    <form (ngSubmit)="connect()">
      <dfs-dialog heading="Add by address" i18n-heading>
        <p i18n>
          Nodes of one network normally find each other by themselves. When one does not, copy an address from its page
          Peers. A node that is not a member yet needs an invite instead.
        </p>
        <label class="field">
          <span i18n>Address</span>
          <input
            class="input mono"
            name="address"
            required
            spellcheck="false"
            autocomplete="off"
            placeholder="/ip4/192.168.1.20/tcp/4001"
            i18n-placeholder
            [attr.aria-invalid]="problem() ? true : null"
            [(ngModel)]="address"
          />
        </label>
        @if (problem(); as refused) {
          <dfs-notice [problem]="refused" [retryable]="false" />
        }
        <ng-container actions>
          <button i18n class="btn" type="button" (click)="ref.close()">Cancel</button>
          <button class="btn primary" type="submit" [disabled]="busy() || address().trim() === ''">
            @if (busy()) {
              <ng-container i18n>Connecting…</ng-container>
            } @else {
              <ng-container i18n>Connect</ng-container>
            }
          </button>
        </ng-container>
      </dfs-dialog>
    </form>
  `,
  styleUrl: './dialog.scss',
})
export class ConnectDialog {
  readonly #api = inject(PeersApi);
  protected readonly ref = dialogRef<PeerInfo>();
  readonly #busy = signal(false);
  readonly #problem = signal<ApiProblem | null>(null);
  protected readonly address = signal('');
  protected readonly busy = this.#busy.asReadonly();
  protected readonly problem = this.#problem.asReadonly();

  protected async connect(): Promise<void> {
    const address = this.address().trim();
    if (address === '' || this.busy()) return;
    this.#busy.set(true);
    this.#problem.set(null);
    try {
      this.ref.close(await firstValueFrom(this.#api.connect(address)));
    } catch (error) {
      this.#problem.set(toApiProblem(error));
    }
    this.#busy.set(false);
  }
}
