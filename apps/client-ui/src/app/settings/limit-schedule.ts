import { Component, input, model } from '@angular/core';
import { ControlContainer, FormsModule, NgForm } from '@angular/forms';
import { WEEKDAYS, type ScheduledLimits, type TransferLimits, type Weekday } from '@dfs/contracts';
import { LOCALE } from '../kit/words/locale.js';
import { bytesOf, perSecond } from './speeds.js';

/** A day that was a Monday. */
const MONDAY = Date.UTC(2026, 0, 5);
const DAY = 86_400_000;
const NAMES = (['short', 'long'] as const).map((weekday) => {
  const format = new Intl.DateTimeFormat(LOCALE, { weekday, timeZone: 'UTC' });
  return WEEKDAYS.map((_, index) => format.format(MONDAY + index * DAY));
});
/** Most entries that a node takes. */
const MOST = 50;

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
            <label>
              <span i18n>From</span>
              <input
                class="input"
                type="time"
                required
                [name]="'from-' + place"
                [ngModel]="entry.from"
                (ngModelChange)="change(place, { from: $event })"
              />
            </label>
            <label>
              <span i18n>To</span>
              <input
                class="input"
                type="time"
                required
                [name]="'to-' + place"
                [ngModel]="entry.to"
                (ngModelChange)="change(place, { to: $event })"
              />
            </label>
            <label>
              <span i18n>Sends, MB/s</span>
              <input
                class="input"
                type="number"
                min="0.07"
                step="any"
                [name]="'sends-' + place"
                [ngModel]="perSecond(entry.uploadBytesPerSecond)"
                (ngModelChange)="limit(place, 'uploadBytesPerSecond', $event)"
              />
            </label>
            <label>
              <span i18n>Receives, MB/s</span>
              <input
                class="input"
                type="number"
                min="0.07"
                step="any"
                [name]="'receives-' + place"
                [ngModel]="perSecond(entry.downloadBytesPerSecond)"
                (ngModelChange)="limit(place, 'downloadBytesPerSecond', $event)"
              />
            </label>
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
  protected readonly most = MOST;
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

  protected limit(place: number, which: keyof TransferLimits, megabytes: number | null): void {
    this.change(place, { [which]: bytesOf(megabytes) });
  }

  protected change(place: number, to: Partial<ScheduledLimits>): void {
    this.schedule.update((all) => all.map((entry, index) => (index === place ? { ...entry, ...to } : entry)));
  }
}
