import { Component, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream } from '@dfs/client-data';
import type { AnyEvent } from '@dfs/contracts';
import { CopyButton } from '../kit/copy-button.js';
import { counted } from '../kit/words/sizes.js';
import { formatClock } from '../kit/words/times.js';
import { EventLog, TOPICS } from './event-log.js';

/** The events of the node as programs get them, live: by topic, to hold still, to search, to copy. */
@Component({
  selector: 'dfs-event-inspector',
  imports: [CopyButton],
  template: `
    <h2 i18n>Events, live</h2>
    <p i18n class="lead">Programs that follow this node are told this, as it happens. Nothing of it is kept.</p>
    <div class="pair" role="group" aria-label="Which events" i18n-aria-label>
      <select class="input" aria-label="Topic" i18n-aria-label (change)="log.topic.set($any($event.target).value)">
        <option i18n value="">All topics</option>
        @for (topic of topics; track topic) {
          <option [value]="topic">{{ topic }}</option>
        }
      </select>
      <input
        class="input"
        type="search"
        autocomplete="off"
        placeholder="Filter by text"
        i18n-placeholder
        aria-label="Filter by text"
        i18n-aria-label
        (input)="log.text.set($any($event.target).value)"
      />
      <button class="btn" type="button" [attr.aria-pressed]="log.paused()" (click)="toggle()">
        @if (log.paused()) {
          <ng-container i18n>Go on</ng-container>
        } @else {
          <ng-container i18n>Pause</ng-container>
        }
      </button>
      <button i18n class="btn" type="button" (click)="log.clear()">Clear</button>
    </div>
    <div class="row told">
      <span class="words num" role="status">
        @if (log.paused()) {
          <ng-container i18n>Paused, {{ counted(log.missed(), 'more') }} since</ng-container>
        }
      </span>
      <span class="num">{{ counted(log.shown().length, 'event') }}</span>
      <dfs-copy-button [text]="all" label="Copy all that is shown, as JSON" i18n-label />
    </div>
    <ul class="events" tabindex="0" aria-label="Events" i18n-aria-label>
      @for (seen of log.shown(); track seen.id) {
        <li>
          <details (toggle)="opened(seen.id, $event)">
            <summary>
              <time class="num" [attr.datetime]="seen.event.time">{{ formatClock(seen.event.time) }}</time>
              <code>{{ seen.event.type }}</code>
              @if (seen.event.seq !== null) {
                <span class="num">{{ seen.event.seq }}</span>
              }
            </summary>
            @if (open().has(seen.id)) {
              <div class="row">
                <pre class="words" tabindex="0" [attr.aria-label]="seen.event.type">{{ json(seen.event) }}</pre>
                <dfs-copy-button [text]="json(seen.event)" label="Copy as JSON" i18n-label />
              </div>
            }
          </details>
        </li>
      } @empty {
        <li i18n class="lead">No event yet: each shows here as it happens.</li>
      }
    </ul>
  `,
  styleUrls: ['./settings-card.scss', './event-inspector.scss'],
})
export class EventInspector {
  readonly #open = signal<ReadonlySet<number>>(new Set());
  protected readonly log = new EventLog();
  protected readonly topics = TOPICS;
  /** Those whose JSON is shown. */
  protected readonly open = this.#open.asReadonly();
  protected readonly all = () =>
    JSON.stringify(
      this.log.shown().map(({ event }) => event),
      null,
      2,
    );
  protected readonly counted = counted;
  protected readonly formatClock = formatClock;

  constructor() {
    inject(EventStream)
      .all.pipe(takeUntilDestroyed())
      .subscribe((event) => this.log.take(event));
  }

  protected json(event: AnyEvent): string {
    return JSON.stringify(event, null, 2);
  }

  protected toggle(): void {
    if (this.log.paused()) this.log.resume();
    else this.log.pause();
  }

  protected opened(id: number, { target }: Event): void {
    const isOpen = (target as HTMLDetailsElement).open;
    this.#open.update((open) => new Set([...open].filter((other) => other !== id).concat(isOpen ? [id] : [])));
  }
}
