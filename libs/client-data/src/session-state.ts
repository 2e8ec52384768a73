import { Service, signal } from '@angular/core';

/** `unknown` until the engine has been asked, `unreachable` when it could not be. */
export type SessionStatus = 'unknown' | 'signed-in' | 'signed-out' | 'unreachable';

/** Whether the engine knows this browser. Written by the session and by whatever meets a 401. */
@Service()
export class SessionState {
  readonly #status = signal<SessionStatus>('unknown');
  readonly status = this.#status.asReadonly();

  set(status: SessionStatus): void {
    this.#status.set(status);
  }
}
