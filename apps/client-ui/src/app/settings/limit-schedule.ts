import { Component, input, model } from '@angular/core';
import { ControlContainer, FormsModule, NgForm } from '@angular/forms';
import {
  MAX_SCHEDULED_LIMITS,
  WEEKDAYS,
  type ScheduledLimits,
  type TransferLimits,
  type Weekday,
} from '@dfs/contracts';
import { LOCALE } from '../kit/words/locale.js';
import { bytesOf, perSecond } from './speeds.js';

/** A day that was a Monday. */
const MONDAY = Date.UTC(2026, 0, 5);
const DAY = 86_400_000;
const NAMES = (['short', 'long'] as const).map((weekday) => {
  const format = new Intl.DateTimeFormat(LOCALE, { weekday, timeZone: 'UTC' });
  return WEEKDAYS.map((_, index) => format.format(MONDAY + index * DAY));
});
/** The fields of an entry, with the beginnings of their names in the form. */
const TIMES = [
  { field: 'from', name: 'from', label: $localize`From` },
  { field: 'to', name: 'to', label: $localize`To` },
] as const;
const LIMITS = [
  { field: 'uploadBytesPerSecond', name: 'sends', label: $localize`Sends, MB/s` },
  { field: 'downloadBytesPerSecond', name: 'receives', label: $localize`Receives, MB/s` },
] as const;

/** Other limits at some times of the week: each entry with its days, its times and its two limits. */
@Component({
  selector: 'dfs-limit-schedule',
  imports: [FormsModule],
  // Its fields are those of the form that it stands in.
  viewProviders: [{ provide: ControlContainer, useExisting: NgForm }],
  template: `
    <fieldset>
      <legend i18n>Other limits at some times</legend>
      <small i18n>By the clock of the node ({{ timeZone() }}). Where two overlap, the upper one counts.</small>
      @for (entry of schedule(); track $index; let place = $index) {
        <div class="entry" role="group" [attr.aria-label]="nameOf(place)">
          <div class="days">
            @for (day of days; track day; let number = $index) {
              <label [title]="long[number]">
                <input
                  type="checkbox"
                  [name]="'day-' + place + day"
                  [attr.aria-label]="long[number]"
                  [ngModel]="entry.days.includes(day)"
                  (ngModelChange)="turn(place, day, $event)"
                />
                <span aria-hidden="true">{{ short[number] }}</span>
              </label>
            }
          </div>
          <div class="pair">
            @for (time of times; track time.field) {
              <label>
                <span>{{ time.label }}</span>
                <input
                  class="input"
                  type="time"
                  required
                  [name]="time.name + '-' + place"
                  [ngModel]="entry[time.field]"
                  (ngModelChange)="move(place, time.field, $event)"
                />
              </label>
            }
            @for (one of limits; track one.field) {
              <label>
                <span>{{ one.label }}</span>
                <input
                  class="input"
                  type="number"
                  min="0.07"
                  step="any"
                  [name]="one.name + '-' + place"
                  [ngModel]="perSecond(entry[one.field])"
                  (ngModelChange)="limit(place, one.field, $event)"
                />
              </label>
            }
            <button i18n class="btn small" type="button" (click)="remove(place)">Remove</button>
          </div>
        </div>
      }
      @if (schedule().length < most) {
        <button i18n class="btn small" type="button" (click)="add()">Add a time</button>
      }
    </fieldset>
  `,
  styleUrls: ['./settings-card.scss', './limit-schedule.scss'],
})
export class LimitSchedule {
  readonly schedule = model.required<readonly ScheduledLimits[]>();
  /** Of the node. */
  readonly timeZone = input.required<string>();
  protected readonly days = WEEKDAYS;
  protected readonly short = NAMES[0] ?? [];
  protected readonly long = NAMES[1] ?? [];
  protected readonly times = TIMES;
  protected readonly limits = LIMITS;
  protected readonly most = MAX_SCHEDULED_LIMITS;
  protected readonly perSecond = perSecond;

  protected nameOf(place: number): string {
    return $localize`Time ${place + 1}`;
  }

  /** Working hours, which a person is most likely to want less in. */
  protected add(): void {
    const entry: ScheduledLimits = {
      ...{ days: WEEKDAYS.slice(0, 5), from: '08:00', to: '18:00' },
      ...{ uploadBytesPerSecond: null, downloadBytesPerSecond: null },
    };
    this.schedule.update((all) => [...all, entry]);
  }

  protected remove(place: number): void {
    this.schedule.update((all) => all.filter((_, index) => index !== place));
  }

  protected turn(place: number, day: Weekday, on: boolean): void {
    const chosen = this.schedule()[place]?.days ?? [];
    this.change(place, { days: WEEKDAYS.filter((one) => (one === day ? on : chosen.includes(one))) });
  }

  protected move(place: number, which: 'from' | 'to', time: string): void {
    this.change(place, { [which]: time });
  }

  protected limit(place: number, which: keyof TransferLimits, megabytes: number | null): void {
    this.change(place, { [which]: bytesOf(megabytes) });
  }

  private change(place: number, to: Partial<ScheduledLimits>): void {
    this.schedule.update((all) => all.map((entry, index) => (index === place ? { ...entry, ...to } : entry)));
  }
}
