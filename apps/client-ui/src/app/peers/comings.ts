import { Component, computed, inject } from '@angular/core';
import { ActivityState } from '../activity/activity-state.js';
import { describeEvent } from '../activity/describe-event.js';
import { Clock } from '../kit/clock.js';
import { Icon } from '../kit/icon.js';
import { formatAgo, formatMoment } from '../kit/words/times.js';
import { PeersState } from './peers-state.js';

/** Lines that are shown. */
const SHOWN = 30;

/** Which nodes lately came and went. */
@Component({
  selector: 'dfs-comings',
  imports: [Icon],
  template: `
    <h2 i18n>Comings and goings</h2>
    <ol>
      @for (line of lines(); track line.seq) {
        <li>
          <dfs-icon [class]="line.tone" [path]="line.icon" [size]="18" />
          <span class="text" dir="auto">{{ line.text }}</span>
          <span class="name" dir="auto">{{ line.about.join(', ') }}</span>
          <time class="figures num" [attr.datetime]="line.time" [title]="formatMoment(line.time)">{{
            ago(line.time)
          }}</time>
        </li>
      } @empty {
        @if (activity.loaded()) {
          <li i18n class="lead">Lately no node came or went.</li>
        }
      }
    </ol>
  `,
  styleUrl: './panel.scss',
})
export class Comings {
  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  protected readonly activity = inject(ActivityState);
  protected readonly lines = computed(() =>
    this.activity
      .entries()
      .filter(({ type }) => type.startsWith('peer.'))
      .slice(0, SHOWN)
      .flatMap((event) => {
        const line = describeEvent(event, (peerId) => this.#peers.nameOf(peerId));
        return line === null ? [] : [{ ...line, seq: event.seq, time: event.time }];
      }),
  );
  protected readonly formatMoment = formatMoment;

  constructor() {
    this.activity.look();
  }

  protected ago(time: string): string {
    return formatAgo(time, this.#clock.slow());
  }
}
