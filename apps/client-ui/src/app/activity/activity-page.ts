import { Component, computed, inject } from '@angular/core';
import { EventStream } from '@dfs/client-data';
import { mdiAlertOutline } from '@mdi/js';
import { Clock } from '../kit/clock.js';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { Notice } from '../kit/notice.js';
import { visibleName } from '../kit/words/names.js';
import { formatAgo, formatMoment } from '../kit/words/times.js';
import { PeersState } from '../peers/peers-state.js';
import { JobRow } from '../work/job-row.js';
import { JobsState } from '../work/jobs-state.js';
import { ActivityState } from './activity-state.js';
import { describeEvent } from './describe-event.js';
import { digest } from './feed.js';

/** Recent events of the network, and running transfers. */
@Component({
  selector: 'dfs-activity-page',
  imports: [EmptyState, Icon, JobRow, Notice],
  templateUrl: './activity-page.html',
  styleUrl: './activity-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', '[attr.aria-label]': 'title', tabindex: '0' },
})
export class ActivityPage {
  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  protected readonly events = inject(EventStream);
  protected readonly state = inject(ActivityState);
  protected readonly running = inject(JobsState).running;
  protected readonly lines = computed(() => {
    const nameOfPeer = (peerId: string) => this.#peers.nameOf(peerId);
    const told = this.state.entries().filter((event) => describeEvent(event, nameOfPeer) !== null);
    return digest(told).flatMap((event) => {
      const line = describeEvent(event, nameOfPeer);
      return line === null ? [] : [{ ...line, seq: event.seq, time: event.time }];
    });
  });
  protected readonly icons = { warning: mdiAlertOutline };
  protected readonly title = $localize`Activity`;
  protected readonly formatMoment = formatMoment;
  protected readonly visibleName = visibleName;

  constructor() {
    this.state.look();
  }

  protected ago(time: string): string {
    return formatAgo(time, this.#clock.slow());
  }
}
