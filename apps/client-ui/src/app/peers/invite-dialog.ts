import { Component, computed, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { Clipboard } from '@angular/cdk/clipboard';
import { PeersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { InviteInfo, MemberRole } from '@dfs/contracts';
import { mdiCheck, mdiContentCopy } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { Clock } from '../kit/clock.js';
import { DialogFrame, dialogData, dialogRef } from '../kit/dialogs.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { formatDuration } from '../kit/words/times.js';

/** Seconds. */
const hour = 3600;
const day = 24 * hour;

/** Makes a ticket that admits one node. It is shown once, here. */
@Component({
  selector: 'dfs-invite-dialog',
  imports: [DialogFrame, FormsModule, Icon, Notice],
  templateUrl: './invite-dialog.html',
  styleUrl: './dialog.scss',
})
export class InviteDialog {
  readonly #api = inject(PeersApi);
  readonly #clipboard = inject(Clipboard);
  readonly #clock = inject(Clock);
  protected readonly ref = dialogRef<void>();
  readonly #invite = signal<InviteInfo | null>(null);
  readonly #problem = signal<ApiProblem | null>(null);
  readonly #busy = signal(false);
  readonly #copied = signal(false);
  protected readonly networkName = visibleName(dialogData<{ networkName: string }>().networkName);
  protected readonly role = signal<MemberRole>('member');
  protected readonly expiresIn = signal(day);
  protected readonly invite = this.#invite.asReadonly();
  protected readonly problem = this.#problem.asReadonly();
  protected readonly busy = this.#busy.asReadonly();
  protected readonly copied = this.#copied.asReadonly();
  protected readonly left = computed(() => {
    const invite = this.#invite();
    return invite && formatDuration((Date.parse(invite.expiresAt) - this.#clock.now()) / 1000);
  });
  protected readonly roles: readonly { role: MemberRole; name: string; hint: string }[] = [
    { role: 'member', name: $localize`Member`, hint: $localize`Reads, adds and deletes files.` },
    {
      role: 'storage',
      name: $localize`Storage`,
      hint: $localize`Holds copies for the others, adds no files of its own.`,
    },
    { role: 'owner', name: $localize`Owner`, hint: $localize`As a member, and may invite and remove nodes.` },
  ];
  protected readonly times = [
    { seconds: hour, name: $localize`1 hour` },
    { seconds: day, name: $localize`1 day` },
    { seconds: 7 * day, name: $localize`7 days` },
  ];
  protected readonly icons = { copy: mdiContentCopy, done: mdiCheck };

  /** The role of the invited node. */
  protected roleOf({ role }: InviteInfo): string {
    switch (role) {
      case 'owner':
        return $localize`owner`;
      case 'storage':
        return $localize`storage`;
      default:
        return $localize`member`;
    }
  }

  protected async create(): Promise<void> {
    if (this.busy()) return;
    this.#busy.set(true);
    this.#problem.set(null);
    // While a ticket exists only here, a click beside the dialog must not lose it.
    this.ref.disableClose = true;
    try {
      const request = { role: this.role(), expiresInSeconds: this.expiresIn() };
      this.#invite.set(await firstValueFrom(this.#api.invite(request)));
    } catch (error) {
      this.ref.disableClose = false;
      this.#problem.set(toApiProblem(error));
    }
    this.#busy.set(false);
  }

  protected copy(): void {
    this.#copied.set(this.#clipboard.copy(this.#invite()?.ticket ?? ''));
  }
}
