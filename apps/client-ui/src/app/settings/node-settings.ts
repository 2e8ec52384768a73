import { Component, computed, inject, input, linkedSignal, output } from '@angular/core';
import { FormsModule } from '@angular/forms';
import type { ScheduledLimits, Settings, SettingsPatch } from '@dfs/contracts';
import { Notice } from '../kit/notice.js';
import { formatBytes, formatRate } from '../kit/words/sizes.js';
import { NodeState } from '../shell/node-state.js';
import { LimitSchedule } from './limit-schedule.js';
import { saving } from './saving.js';
import { bytesOf, perSecond, round } from './speeds.js';

/** Bytes: disks are told in decimal units. */
const GB = 1e9;

/** The name of this node, how much it stores, and how much it moves. */
@Component({
  selector: 'dfs-node-settings',
  imports: [FormsModule, LimitSchedule, Notice],
  template: `
    <form (ngSubmit)="save()">
      <h2 i18n>This node</h2>
      <label class="field">
        <span i18n>Name of the node</span>
        <input class="input" name="name" required maxlength="64" autocomplete="off" [(ngModel)]="name" />
        <small i18n>Other nodes show it from now on.</small>
      </label>
      <label class="field">
        <span i18n>Storage, in GB</span>
        <input class="input" name="quota" type="number" min="0.1" step="any" required [(ngModel)]="quota" />
        <small i18n>
          This node stores no more than that; {{ used() }} are in use. At 90 % of it the node takes no more copies for
          others.
        </small>
      </label>
      <label class="field">
        <span i18n>Sends at most, in MB/s</span>
        <input class="input" name="up" type="number" min="0.01" step="any" [(ngModel)]="up" />
        <small i18n>To other nodes. Empty: as fast as it goes.</small>
      </label>
      <label class="field">
        <span i18n>Receives at most, in MB/s</span>
        <input class="input" name="down" type="number" min="0.01" step="any" [(ngModel)]="down" />
        <small i18n>From other nodes. Empty: as fast as it goes.</small>
      </label>
      <dfs-limit-schedule [timeZone]="settings().timeZone" [(schedule)]="schedule" />
      @if (schedule().length > 0) {
        <p class="lead" i18n>
          Now: sends {{ speed(settings().limitsNow.uploadBytesPerSecond) }}, receives
          {{ speed(settings().limitsNow.downloadBytesPerSecond) }}.
        </p>
      }
      @if (saving.problem(); as refused) {
        <dfs-notice [problem]="refused" [retryable]="false" />
      }
      <div class="end">
        <button i18n class="btn primary" type="submit" [disabled]="!ready()">Save</button>
      </div>
    </form>
  `,
  styleUrl: './settings-card.scss',
})
export class NodeSettings {
  readonly settings = input.required<Settings>();
  readonly changed = output<Settings>();
  readonly #node = inject(NodeState);
  protected readonly saving = saving();
  protected readonly name = linkedSignal(() => this.settings().name);
  protected readonly quota = linkedSignal<number | null>(() => round(this.settings().quotaBytes / GB));
  protected readonly up = linkedSignal<number | null>(() => perSecond(this.settings().limits.uploadBytesPerSecond));
  protected readonly down = linkedSignal<number | null>(() => perSecond(this.settings().limits.downloadBytesPerSecond));
  protected readonly schedule = linkedSignal<readonly ScheduledLimits[]>(() => this.settings().limitSchedule);
  protected readonly used = computed(() => formatBytes(this.#node.info()?.storage.bytes ?? 0));
  /** Values that differ from those set: a rounded number that nobody touched is no change. */
  readonly #patch = computed((): SettingsPatch => {
    const { name, quotaBytes, limits, limitSchedule } = this.settings();
    const quota = this.quota();
    return {
      ...(this.name().trim() !== name && { name: this.name().trim() }),
      ...(quota !== null && quota !== round(quotaBytes / GB) && { quotaBytes: Math.round(quota * GB) }),
      ...((this.up() !== perSecond(limits.uploadBytesPerSecond) ||
        this.down() !== perSecond(limits.downloadBytesPerSecond)) && {
        limits: { uploadBytesPerSecond: bytesOf(this.up()), downloadBytesPerSecond: bytesOf(this.down()) },
      }),
      ...(this.schedule() !== limitSchedule && { limitSchedule: [...this.schedule()] }),
    };
  });
  protected readonly ready = computed(
    () =>
      !this.saving.busy() &&
      this.name().trim() !== '' &&
      (this.quota() ?? 0) > 0 &&
      this.schedule().every(({ days, from, to }) => days.length > 0 && from !== '' && to !== '') &&
      Object.keys(this.#patch()).length > 0,
  );

  protected speed(limit: number | null): string {
    return limit === null ? $localize`as fast as it goes` : formatRate(limit);
  }

  protected async save(): Promise<void> {
    if (!this.ready()) return;
    const settings = await this.saving.save(this.#patch());
    if (settings === null) return;
    this.changed.emit(settings);
    this.#node.refresh();
  }
}
