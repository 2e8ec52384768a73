import { Component, inject } from '@angular/core';
import { SettingsApi } from '@dfs/client-data';
import type { Settings } from '@dfs/contracts';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { AccessSettings } from './access-settings.js';
import { EventInspector } from './event-inspector.js';
import { Calls } from './integrate/calls.js';
import { Integrate } from './integrate/integrate.js';
import { LookSettings } from './look-settings.js';
import { NetworkSettings } from './network-settings.js';
import { NodeSettings } from './node-settings.js';

/** Settings of the node, of its network, and of this browser. */
@Component({
  selector: 'dfs-settings-page',
  imports: [AccessSettings, Calls, EventInspector, Integrate, LookSettings, NetworkSettings, NodeSettings, Notice],
  template: `
    <div class="page">
      <div class="bar">
        <h1 i18n>Settings</h1>
      </div>
      @if (settings.problem(); as problem) {
        <dfs-notice [problem]="problem" (retry)="settings.refresh()" />
      }
      <div class="all">
        <div class="cards">
          @if (settings.value(); as now) {
            <dfs-node-settings [settings]="now" (changed)="take($event)" />
          }
          <dfs-access-settings />
          @if (settings.value(); as now) {
            <dfs-network-settings [settings]="now" (changed)="take($event)" />
          }
          <dfs-calls />
          <dfs-look-settings />
          <dfs-integrate />
        </div>
        <dfs-event-inspector />
      </div>
    </div>
  `,
  styleUrl: './settings-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', '[attr.aria-label]': 'title', tabindex: '0' },
})
export class SettingsPage {
  readonly #api = inject(SettingsApi);
  protected readonly title = $localize`Settings`;
  protected readonly settings = reading(() => this.#api.read());

  protected take(settings: Settings): void {
    this.settings.value.set(settings);
  }
}
