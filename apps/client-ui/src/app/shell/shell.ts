import { Component, DestroyRef, DOCUMENT, effect, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { EventStream, Session } from '@dfs/client-data';
import {
  mdiCogOutline,
  mdiFileMultipleOutline,
  mdiFolderSyncOutline,
  mdiLogout,
  mdiPulse,
  mdiServerNetwork,
} from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { Unloaded } from '../kit/parts/unloaded.js';
import { Quiet } from '../kit/quiet.js';
import { Tip } from '../kit/tip.js';
import { WorkBeacon } from '../work/work-beacon.js';
import { WorkButton } from '../work/work-button.js';
import { WorkPanel } from '../work/work-panel.js';
import { ActivityState } from '../activity/activity-state.js';
import { CaughtUp } from './caught-up.js';
import { Health } from './health.js';
import { Mark } from './mark.js';
import { NodeLine } from './node-line.js';
import { PagePreload } from './page-preload.js';
import { OfflineBanner } from './offline-banner.js';
import { RemovedBanner } from './removed-banner.js';
import { SignIn } from './sign-in.js';
import { UpdatedBanner } from './updated-banner.js';

/** The frame of the console: navigation, the node line, and the page. Without a session, the sign-in page instead. */
@Component({
  selector: 'dfs-root',
  imports: [
    Health,
    Icon,
    Mark,
    Tip,
    NodeLine,
    OfflineBanner,
    RemovedBanner,
    RouterLink,
    RouterLinkActive,
    RouterOutlet,
    SignIn,
    Unloaded,
    UpdatedBanner,
    WorkButton,
    WorkPanel,
  ],
  templateUrl: './shell.html',
  styleUrl: './shell.scss',
})
export class Shell {
  readonly #events = inject(EventStream);
  readonly #activity = inject(ActivityState);
  protected readonly session = inject(Session);
  protected readonly preload = inject(PagePreload);
  protected readonly warnings = this.#activity.warnings;
  protected readonly pages = [
    { path: '/files', name: $localize`Files`, icon: mdiFileMultipleOutline },
    { path: '/folders', name: $localize`Live folders`, icon: mdiFolderSyncOutline },
    { path: '/peers', name: $localize`Peers`, icon: mdiServerNetwork },
    { path: '/activity', name: $localize`Activity`, icon: mdiPulse },
    { path: '/settings', name: $localize`Settings`, icon: mdiCogOutline },
  ] as const;

  /** The same in every language. */
  protected readonly product = 'DFS';
  protected readonly leave = mdiLogout;
  /** The part that shows work is loaded when there is some, or may soon be. */
  protected readonly beacon = inject(WorkBeacon);
  protected readonly quiet = inject(Quiet).reached;

  constructor() {
    inject(CaughtUp);
    effect(() => {
      if (this.session.status() === 'signed-in') this.#events.start();
      else this.#events.stop();
    });
    keepDropsFromNavigating(inject(DOCUMENT), inject(DestroyRef));
  }
}

/** A file dropped beside the drop zone would otherwise replace the console. */
function keepDropsFromNavigating(document: Document, destroyed: DestroyRef): void {
  const stop = (event: DragEvent) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  };
  document.addEventListener('dragover', stop);
  document.addEventListener('drop', stop);
  destroyed.onDestroy(() => {
    document.removeEventListener('dragover', stop);
    document.removeEventListener('drop', stop);
  });
}
