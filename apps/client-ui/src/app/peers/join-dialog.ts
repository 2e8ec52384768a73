import { Component, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { PeersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { NetworkInfo } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import { DialogFrame, dialogRef } from '../kit/dialogs.js';
import { Notice } from '../kit/notice.js';
import { FilesState } from '../files/files-state.js';
import { NodeState } from '../shell/node-state.js';
import { PeersState } from './peers-state.js';

/** Takes a ticket and makes this node a member of that network. */
@Component({
  selector: 'dfs-join-dialog',
  imports: [DialogFrame, FormsModule, Notice],
  template: `
    <form (ngSubmit)="join()">
      <dfs-dialog heading="Join a network" i18n-heading>
        <p i18n>
          This node leaves its present network and becomes a member of the one that the ticket is from. An owner of that
          network makes the ticket on the page Peers, by “Invite a node”.
        </p>
        <label class="field">
          <span i18n>Ticket</span>
          <textarea
            class="mono"
            name="ticket"
            rows="5"
            required
            spellcheck="false"
            autocomplete="off"
            placeholder="dfs1…"
            i18n-placeholder
            [attr.aria-invalid]="problem() ? true : null"
            [(ngModel)]="ticket"
          ></textarea>
        </label>
        @if (problem(); as refused) {
          <dfs-notice [problem]="refused" [retryable]="false" />
        }
        <ng-container actions>
          <button i18n class="btn" type="button" (click)="ref.close()">Cancel</button>
          <button class="btn primary" type="submit" [disabled]="busy() || ticket().trim() === ''">
            @if (busy()) {
              <ng-container i18n>Joining…</ng-container>
            } @else {
              <ng-container i18n>Join</ng-container>
            }
          </button>
        </ng-container>
      </dfs-dialog>
    </form>
  `,
  styleUrl: './dialog.scss',
})
export class JoinDialog {
  readonly #api = inject(PeersApi);
  protected readonly ref = dialogRef<NetworkInfo>();
  readonly #stores = [inject(NodeState), inject(PeersState), inject(FilesState).window];
  readonly #busy = signal(false);
  readonly #problem = signal<ApiProblem | null>(null);
  protected readonly ticket = signal('');
  protected readonly busy = this.#busy.asReadonly();
  protected readonly problem = this.#problem.asReadonly();

  protected async join(): Promise<void> {
    // A ticket that went through a mail or a chat often has line breaks in it.
    const ticket = this.ticket().replace(/\s+/g, '');
    if (ticket === '' || this.busy()) return;
    this.#busy.set(true);
    this.#problem.set(null);
    try {
      const network = await firstValueFrom(this.#api.join(ticket));
      for (const store of this.#stores) store.refresh();
      this.ref.close(network);
    } catch (error) {
      this.#problem.set(toApiProblem(error));
    }
    this.#busy.set(false);
  }
}
