import { CdkMenu, CdkMenuItem, CdkMenuTrigger } from '@angular/cdk/menu';
import { Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { EventStream } from '@dfs/client-data';
import type { LiveFolderInfo } from '@dfs/contracts';
import { mdiDeleteOutline, mdiDotsVertical, mdiLinkOff, mdiMagnifyScan, mdiPause, mdiPlay } from '@mdi/js';
import { LABELS } from '../kit/words/labels.js';
import { Clock } from '../kit/clock.js';
import { Dialogs } from '../kit/dialogs.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { counted, formatBytes } from '../kit/words/sizes.js';
import { formatAgo } from '../kit/words/times.js';
import { FolderActs } from './folder-acts.js';
import { MODES, asksForRelink, standingOf } from './folder-words.js';
import { HeldDialog } from './held-dialog.js';
import { IssuesDialog } from './issues-dialog.js';
import { TrashDialog } from './trash-dialog.js';

/** One live folder: how it stands, what it waits for, and what can be done. */
@Component({
  selector: 'dfs-folder-card',
  imports: [CdkMenu, CdkMenuItem, CdkMenuTrigger, Icon, RouterLink],
  templateUrl: './folder-card.html',
  styleUrl: './folder-card.scss',
})
export class FolderCard {
  readonly folder = input.required<LiveFolderInfo>();
  readonly #events = inject(EventStream);
  readonly #clock = inject(Clock);
  readonly #dialogs = inject(Dialogs);
  protected readonly labels = LABELS;
  protected readonly acts = inject(FolderActs);
  protected readonly name = computed(() => visibleName(this.folder().name));
  protected readonly standing = computed(() => standingOf(this.folder(), this.#events.state() !== 'offline'));
  protected readonly mode = computed(() => MODES.find(({ mode }) => mode === this.folder().mode)?.name ?? '');
  protected readonly relinkable = computed(() => asksForRelink(this.folder()));
  protected readonly lastPass = computed(() => {
    const { lastPassAt } = this.folder();
    return lastPassAt === null ? $localize`none yet` : formatAgo(lastPassAt, this.#clock.slow());
  });
  protected readonly address = computed(() => {
    const { prefix } = this.folder();
    return prefix === '' ? {} : { in: `${prefix}/` };
  });
  protected readonly allFiles = $localize`All files`;
  protected readonly icons = {
    more: mdiDotsVertical,
    pause: mdiPause,
    resume: mdiPlay,
    scan: mdiMagnifyScan,
    trash: mdiDeleteOutline,
    remove: mdiLinkOff,
  };
  protected readonly visibleName = visibleName;
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;

  protected held(): void {
    void this.#dialogs.open(HeldDialog, this.folder());
  }

  protected issues(): void {
    void this.#dialogs.open(IssuesDialog, this.folder());
  }

  protected trash(): void {
    void this.#dialogs.open(TrashDialog, this.folder());
  }
}
