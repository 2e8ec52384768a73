import { Component, DOCUMENT, DestroyRef, computed, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { Session } from '@dfs/client-data';
import { Mark } from './mark.js';

/** How often a node that cannot be reached is asked again. */
const ASK_AGAIN_MS = 3000;

/** Asks for the token of this node, and says where to find it. */
@Component({
  selector: 'dfs-sign-in',
  imports: [FormsModule, Mark],
  templateUrl: './sign-in.html',
  styleUrl: './sign-in.scss',
})
export class SignIn {
  readonly #session = inject(Session);
  readonly #busy = signal(false);
  /** Where this page was opened: the link that the node printed begins with it, or with another address of the node. */
  protected readonly address = inject(DOCUMENT).baseURI;
  protected readonly token = signal('');
  protected readonly busy = this.#busy.asReadonly();
  protected readonly problem = this.#session.problem;
  protected readonly unreachable = computed(() => this.#session.status() === 'unreachable');

  constructor() {
    const timer = setInterval(() => {
      if (this.unreachable() && !this.busy()) void this.#session.check();
    }, ASK_AGAIN_MS);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  protected async signIn(): Promise<void> {
    if (this.token().trim() === '' || this.busy()) return;
    this.#busy.set(true);
    await this.#session.signIn(this.token());
    this.#busy.set(false);
  }
}
