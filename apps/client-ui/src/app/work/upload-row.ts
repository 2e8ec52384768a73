import { Component, computed, inject, input, output } from '@angular/core';
import {
  mdiAlertCircleOutline,
  mdiClose,
  mdiFileRestoreOutline,
  mdiInformationOutline,
  mdiPause,
  mdiPlay,
  mdiRefresh,
} from '@mdi/js';
import { ActButton } from '../kit/act-button.js';
import { Clock } from '../kit/clock.js';
import { Dialogs } from '../kit/dialogs.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { Tip } from '../kit/tip.js';
import { Copies } from '../safety/copies.js';
import { Sights } from '../safety/sights.js';
import { verdictOf } from '../safety/verdict.js';
import { isUnchosen } from '../files/upload/chosen-again.js';
import { ACTIVE, type UploadItem } from '../files/upload/upload-item.js';
import { UploadQueue } from '../files/upload/upload-queue.js';
import { ProblemDialog, type Explained } from './problem-dialog.js';
import { UPLOAD_LABELS, adviceOf, detailsOf, lineOf, meaningOf, shownName } from './upload-words.js';

/** One upload: how it stands, in words and as a ring, and what can be done with it. */
@Component({
  selector: 'dfs-upload-row',
  imports: [ActButton, Copies, Icon, Tip],
  template: `
    @switch (item().state()) {
      @case ('done') {
        @if (item().replication(); as replication) {
          <dfs-copies class="sign" [replication]="replication" [short]="true" />
        } @else {
          <span class="ring full"></span>
        }
      }
      @case ('failed') {
        <dfs-icon class="sign bad" [path]="icons.failed" [size]="18" />
      }
      @case ('unchosen') {
        <dfs-icon class="sign warn" [path]="icons.choose" [size]="18" />
      }
      @default {
        <span class="ring" [style.--share]="share()" [class.busy]="item().state() === 'storing'"></span>
      }
    }
    <div class="words">
      <span class="name" dir="auto" [title]="visibleName(item().path)">{{ name() }}</span>
      <span
        class="line num"
        [class.bad]="item().state() === 'failed'"
        [dfsTip]="item().state() === 'failed' ? line() : ''"
      >
        {{ line() }}
      </span>
    </div>
    @if (item().state() === 'failed') {
      <button class="btn icon" type="button" [attr.aria-label]="labels.explain(name())" (click)="explain()">
        <dfs-icon [path]="icons.explain" />
      </button>
    }
    @if (choosable()) {
      <button
        [dfsAct]="icons.choose"
        tip="Choose it again"
        i18n-tip
        [label]="labels.choose(name())"
        (click)="chooseAgain.emit()"
      ></button>
    } @else if (again(); as label) {
      <button
        [dfsAct]="icons.retry"
        [tip]="label"
        [label]="labels.again(label, name())"
        (click)="queue.retry([item()])"
      ></button>
    }
    @if (item().state() === 'paused') {
      <button
        [dfsAct]="icons.resume"
        tip="Go on"
        i18n-tip
        [label]="labels.resume(name())"
        (click)="queue.resume([item()])"
      ></button>
    } @else if (isActive()) {
      <button
        [dfsAct]="icons.pause"
        tip="Pause"
        i18n-tip
        [label]="labels.pause(name())"
        (click)="queue.pause([item()])"
      ></button>
    }
    @if (isActive() || item().state() === 'paused') {
      <button
        [dfsAct]="icons.close"
        tip="Cancel"
        i18n-tip
        [label]="labels.cancel(name())"
        (click)="queue.cancel([item()])"
      ></button>
    } @else if (item().state() === 'unchosen' || item().state() === 'failed') {
      <button
        [dfsAct]="icons.close"
        tip="Leave it"
        i18n-tip
        [label]="labels.leave(name())"
        (click)="queue.clear([item()])"
      ></button>
    }
  `,
  styleUrl: './upload-row.scss',
  host: { '[class]': 'item().state()' },
})
export class UploadRow {
  readonly #clock = inject(Clock);
  readonly #dialogs = inject(Dialogs);
  readonly #sights = inject(Sights);
  readonly item = input.required<UploadItem>();
  /** A person wants to choose its file again. */
  readonly chooseAgain = output();
  protected readonly queue = inject(UploadQueue);
  protected readonly name = computed(() => shownName(this.item()));
  protected readonly line = computed(() => {
    const line = lineOf(this.item(), { ms: this.#clock.now, away: this.queue.away() !== null });
    const replication = this.item().replication();
    if (this.item().state() !== 'done' || replication === null) return line;
    const { tone, text } = verdictOf(replication, this.#sights.now());
    return tone === 'ok' ? `${text} · ${line}` : $localize`Stored · ${text}:copies: · ${line}:size:`;
  });
  protected readonly share = computed(() => {
    const { size, sentBytes } = this.item();
    return size > 0 ? sentBytes() / size : 0;
  });
  protected readonly isActive = computed(() => ACTIVE.has(this.item().state()));
  protected readonly choosable = computed(() => isUnchosen(this.item()) && this.item().again === null);
  protected readonly again = computed(() => {
    const state = this.item().state();
    if (!this.item().sendable) return null;
    if (state === 'failed') return $localize`Try again`;
    return state === 'cancelled' || state === 'skipped' ? $localize`Upload after all` : null;
  });
  protected readonly labels = UPLOAD_LABELS;
  protected readonly icons = {
    close: mdiClose,
    retry: mdiRefresh,
    pause: mdiPause,
    resume: mdiPlay,
    explain: mdiInformationOutline,
    choose: mdiFileRestoreOutline,
    failed: mdiAlertCircleOutline,
  };
  protected readonly visibleName = visibleName;

  protected explain(): void {
    const item = this.item();
    const problem = item.problem();
    if (problem === null) return;
    void this.#dialogs.open<void, Explained>(ProblemDialog, {
      heading: problem.title,
      about: [visibleName(item.path)],
      problem,
      happened: problem.detail,
      meaning: meaningOf(item),
      advice: adviceOf(item),
      details: detailsOf(item),
      again: item.sendable && item.state() === 'failed' ? () => this.queue.retry([item]) : null,
    });
  }
}
