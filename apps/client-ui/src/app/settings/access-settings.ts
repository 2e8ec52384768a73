import { Component, inject, signal } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { Session, SettingsApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { KeyInfo, KeyScope, MadeKey, SessionInfo } from '@dfs/contracts';
import { firstValueFrom, map, type Observable } from 'rxjs';
import { Clock } from '../kit/clock.js';
import { CopyButton } from '../kit/copy-button.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { formatAgo } from '../kit/words/times.js';
import { agentName } from './agents.js';

/** Browsers that are signed in, and keys of programs: each can be ended. */
@Component({
  selector: 'dfs-access-settings',
  imports: [CopyButton, FormsModule, Notice],
  template: `
    <h2 i18n>Access</h2>
    <h3 i18n>Signed in browsers</h3>
    @if (sessions.problem(); as problem) {
      <dfs-notice [problem]="problem" (retry)="sessions.refresh()" />
    }
    <ul class="sessions">
      @for (session of sessions.value(); track session.id) {
        <li class="row">
          <span class="words">
            <span dir="auto" [title]="visibleName(session.agent)">{{ visibleName(agentName(session.agent)) }}</span>
            <small>
              @if (session.current) {
                <ng-container i18n>This browser</ng-container>
              } @else {
                <ng-container i18n>Last used {{ ago(session.lastUsedAt) }}</ng-container>
              }
            </small>
          </span>
          @if (session.current) {
            <button i18n class="btn small" type="button" (click)="signOut()">Sign out</button>
          } @else {
            <button i18n class="btn small" type="button" (click)="end(session)">End</button>
          }
        </li>
      }
    </ul>
    <h3 i18n>Keys for programs</h3>
    @if (keys.problem(); as problem) {
      <dfs-notice [problem]="problem" (retry)="keys.refresh()" />
    }
    <ul>
      @for (key of keys.value(); track key.id) {
        <li class="row">
          <span class="words">
            <span dir="auto">{{ visibleName(key.name) }}</span>
            <small>
              {{ scopes[key.scope] }} ·
              @if (key.lastUsedAt; as used) {
                <ng-container i18n>Last used {{ ago(used) }}</ng-container>
              } @else {
                <ng-container i18n>Never used</ng-container>
              }
            </small>
          </span>
          <button i18n class="btn small" type="button" (click)="revoke(key)">Revoke</button>
        </li>
      } @empty {
        @if (keys.value()) {
          <li i18n class="lead">No program has a key.</li>
        }
      }
    </ul>
    @if (made(); as key) {
      <div role="status">
        <p i18n class="lead">The key is shown only this once. Anyone with it can use this node.</p>
        <div class="row">
          <code class="words">{{ key.token }}</code><dfs-copy-button
            [text]="key.token"
            label="Copy the key"
            i18n-label
          />
        </div>
        <details>
          <summary i18n>Its two parts, for S3</summary>
          @for (part of parts(key); track part.name) {
            <h4>{{ part.name }}</h4>
            <div class="row">
              <code class="words">{{ part.text }}</code><dfs-copy-button [text]="part.text" />
            </div>
          }
        </details>
      </div>
    }
    <form class="pair" (ngSubmit)="make()">
      <input
        class="input"
        name="name"
        maxlength="64"
        autocomplete="off"
        placeholder="Name of the program"
        i18n-placeholder
        aria-label="Name of the program"
        i18n-aria-label
        [(ngModel)]="name"
      />
      <select class="input" name="scope" aria-label="What it may do" i18n-aria-label [(ngModel)]="scope">
        @for (one of scopeNames; track one) {
          <option [value]="one">{{ scopes[one] }}</option>
        }
      </select>
      <button i18n class="btn" type="submit" [disabled]="name().trim() === ''">Make a key</button>
    </form>
    @if (problem(); as refused) {
      <dfs-notice [problem]="refused" [retryable]="false" />
    }
  `,
  styleUrl: './settings-card.scss',
  styles: `
    /* Of many browsers a few are seen at once. */
    .sessions {
      max-height: 340px;
      overflow: auto;
    }
  `,
})
export class AccessSettings {
  readonly #api = inject(SettingsApi);
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  readonly #problem = signal<ApiProblem | null>(null);
  readonly #made = signal<MadeKey | null>(null);
  protected readonly sessions = reading(() => this.#api.sessions());
  /** Those that can be used. */
  protected readonly keys = reading(() =>
    this.#api.keys().pipe(map((keys) => keys.filter(({ state }) => state === 'active'))),
  );
  protected readonly problem = this.#problem.asReadonly();
  protected readonly made = this.#made.asReadonly();
  protected readonly name = signal('');
  protected readonly scope = signal<KeyScope>('read');
  protected readonly scopeNames: readonly KeyScope[] = ['read', 'write', 'admin'];
  protected readonly scopes: Record<KeyScope, string> = {
    read: $localize`Reads files`,
    write: $localize`Reads and writes files`,
    admin: $localize`May do everything`,
  };
  protected readonly agentName = agentName;
  protected readonly visibleName = visibleName;

  /** As programs for S3 call them. */
  protected parts({ id, secret }: MadeKey): { name: string; text: string }[] {
    return [
      { name: $localize`Access key ID`, text: id },
      { name: $localize`Secret access key`, text: secret },
    ];
  }

  protected ago(time: string): string {
    return formatAgo(time, this.#clock.slow());
  }

  protected signOut(): void {
    void this.#session.signOut();
  }

  protected async end({ id }: SessionInfo): Promise<void> {
    await this.#run(this.#api.endSession(id));
    this.sessions.refresh();
  }

  protected async revoke({ id }: KeyInfo): Promise<void> {
    await this.#run(this.#api.revokeKey(id));
    this.keys.refresh();
  }

  protected async make(): Promise<void> {
    const name = this.name().trim();
    if (name === '') return;
    const made = await this.#run(this.#api.makeKey({ name, scope: this.scope() }));
    if (made === null) return;
    this.#made.set(made);
    this.name.set('');
    this.keys.refresh();
  }

  async #run<T>(call: Observable<T>): Promise<T | null> {
    this.#problem.set(null);
    try {
      return await firstValueFrom(call, { defaultValue: null });
    } catch (error) {
      this.#problem.set(toApiProblem(error));
      return null;
    }
  }
}
