import { Component, computed, inject, input, linkedSignal, output } from '@angular/core';
import { FormsModule } from '@angular/forms';
import type { Settings } from '@dfs/contracts';
import { Notice } from '../kit/notice.js';
import { counted, formatBytes } from '../kit/words/sizes.js';
import { NodeState } from '../shell/node-state.js';
import { SummaryState } from '../shell/summary-state.js';
import { saving } from './saving.js';

/** Seconds. */
const minute = 60;
const day = 24 * 60 * minute;

/** Settings of all nodes: copies, grace, retention. Only an owner may change them. */
@Component({
  selector: 'dfs-network-settings',
  imports: [FormsModule, Notice],
  template: `
    <form (ngSubmit)="save()">
      <h2 i18n>Network</h2>
      <p class="lead">
        @if (isOwner()) {
          <ng-container i18n>The same on every node: a change reaches them all.</ng-container>
        } @else {
          <ng-container i18n>The same on every node. Only an owner of the network can change it.</ng-container>
        }
      </p>
      <label class="field">
        <span i18n>Name of the network</span>
        <input
          class="input"
          name="networkName"
          required
          maxlength="64"
          autocomplete="off"
          [disabled]="!isOwner()"
          [(ngModel)]="name"
        />
      </label>
      <label class="field">
        <span i18n>Copies of each file</span>
        <input
          class="input"
          name="replicas"
          type="number"
          min="1"
          max="64"
          required
          [disabled]="!isOwner()"
          [(ngModel)]="replicas"
        />
        <small i18n>
          More copies take more room on the nodes; they are made at once. With fewer, nodes let go of what is too much,
          once enough others promise to keep it.
        </small>
      </label>
      <p class="will num" role="status">{{ will() }}</p>
      <label class="field">
        <span i18n>Grace, in minutes</span>
        <input
          class="input"
          name="grace"
          type="number"
          min="0.1"
          step="any"
          required
          [disabled]="!isOwner()"
          [(ngModel)]="grace"
        />
        <small i18n>A node that is not seen for so long no longer counts: its copies are made anew elsewhere.</small>
      </label>
      <label class="field">
        <span i18n>Keep what was deleted or replaced, in days</span>
        <input
          class="input"
          name="retention"
          type="number"
          min="0.1"
          step="any"
          required
          [disabled]="!isOwner()"
          [(ngModel)]="retention"
        />
        <small i18n>After that it is gone for good and cannot be restored. Less frees room on all nodes.</small>
      </label>
      <label class="field">
        <span i18n>Versions kept however old</span>
        <input
          class="input"
          name="versions"
          type="number"
          min="1"
          max="1000"
          required
          [disabled]="!isOwner()"
          [(ngModel)]="versions"
        />
        <small i18n>Of each file that is not deleted, the newest ones.</small>
      </label>
      @if (saving.problem(); as refused) {
        <dfs-notice [problem]="refused" [retryable]="false" />
      }
      @if (isOwner()) {
        <div class="end">
          <button i18n class="btn primary" type="submit" [disabled]="!ready()">Save</button>
        </div>
      }
    </form>
  `,
  styleUrl: './settings-card.scss',
})
export class NetworkSettings {
  readonly settings = input.required<Settings>();
  readonly changed = output<Settings>();
  readonly #node = inject(NodeState);
  readonly #summary = inject(SummaryState).value;
  protected readonly saving = saving();
  protected readonly isOwner = computed(() => this.#node.info()?.network.role === 'owner');
  protected readonly name = linkedSignal(() => this.settings().networkName);
  protected readonly replicas = linkedSignal<number | null>(() => this.settings().replicas);
  protected readonly grace = linkedSignal<number | null>(() => this.settings().graceSeconds / minute);
  protected readonly retention = linkedSignal<number | null>(() => this.settings().retentionSeconds / day);
  protected readonly versions = linkedSignal<number | null>(() => this.settings().retainedVersions);
  /** The effect of another number of copies; empty while it is the same. */
  protected readonly will = computed(() => {
    const { replicas: now } = this.settings();
    const wanted = this.replicas() ?? now;
    const bytes = this.#summary()?.files.bytes;
    const members = this.#node.info()?.network.members;
    if (wanted === now || wanted < 1 || bytes === undefined || members === undefined) return '';
    const difference = bytes * (Math.min(wanted, members) - Math.min(now, members));
    return [
      ...(difference > 0 ? [$localize`Takes about ${formatBytes(difference)}:bytes: more on the nodes in all.`] : []),
      ...(difference < 0 ? [$localize`Frees about ${formatBytes(-difference)}:bytes: on the nodes in all.`] : []),
      ...(wanted > members
        ? [$localize`The network has ${counted(members, 'node')}:nodes:: more copies are made once others join.`]
        : []),
    ].join(' ');
  });
  readonly #patch = computed(() => {
    const now = this.settings();
    const wanted = {
      networkName: this.name().trim(),
      replicas: this.replicas() ?? 0,
      graceSeconds: Math.round((this.grace() ?? 0) * minute),
      retentionSeconds: Math.round((this.retention() ?? 0) * day),
      retainedVersions: this.versions() ?? 0,
    };
    const changed = Object.entries(wanted).filter(([name, value]) => now[name as keyof typeof wanted] !== value);
    return { wanted, patch: Object.fromEntries(changed) };
  });
  protected readonly ready = computed(() => {
    const { wanted, patch } = this.#patch();
    return !this.saving.busy() && Object.values(wanted).every(Boolean) && Object.keys(patch).length > 0;
  });

  protected async save(): Promise<void> {
    if (!this.ready()) return;
    const settings = await this.saving.save(this.#patch().patch);
    if (settings === null) return;
    this.changed.emit(settings);
    this.#node.refresh();
  }
}
