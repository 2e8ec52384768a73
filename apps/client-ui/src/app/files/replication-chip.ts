import { Component, computed, input } from '@angular/core';
import { MatTooltip } from '@angular/material/tooltip';
import type { Replication } from '@dfs/contracts';
import { Icon } from '../kit/icon.js';
import { viewOf } from './replication.js';

/** How many copies of a file there are, and whether that is enough. */
@Component({
  selector: 'dfs-replication-chip',
  imports: [Icon, MatTooltip],
  template: `<span class="chip" [class]="view().tone" [matTooltip]="view().hint">
    <dfs-icon [class.turning]="replication()?.state === 'replicating'" [path]="view().icon" [size]="15" />
    <span class="text num">{{ view().text }}</span>
  </span>`,
  styles: `
    :host {
      display: inline-flex;
      min-width: 0;
    }
    .chip {
      display: inline-flex;
      align-items: center;
      gap: 5px;
      padding: 2px 9px 2px 7px;
      border-radius: 999px;
      font-size: 12.5px;
      font-weight: 500;
      line-height: 18px;
      white-space: nowrap;
    }
    /* What is well stays quiet. */
    .ok {
      color: var(--text-2);
    }
    .ok dfs-icon {
      color: var(--ok);
    }
    .info {
      color: var(--info);
      background: var(--info-soft);
    }
    .warn {
      color: var(--warn);
      background: var(--warn-soft);
    }
    .bad {
      color: var(--bad);
      background: var(--bad-soft);
    }
    .quiet {
      color: var(--text-2);
      background: var(--sunken);
    }
    :host(.short) .text {
      position: absolute;
      width: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
    :host(.short) .chip {
      padding: 5px;
    }
    .turning {
      animation: turn 2.4s linear infinite;
    }
    @keyframes turn {
      to {
        transform: rotate(-360deg);
      }
    }
  `,
})
export class ReplicationChip {
  readonly replication = input.required<Replication | null>();
  protected readonly view = computed(() => viewOf(this.replication()));
}
