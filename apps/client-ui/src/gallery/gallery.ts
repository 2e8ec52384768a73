import { Component, inject, signal } from '@angular/core';
import { ApiProblem, PROBLEM_MESSAGES, type ProblemCode } from '@dfs/client-data';
import { mdiDeleteOutline, mdiDotsVertical, mdiDownload, mdiTrayArrowUp } from '@mdi/js';
import { FileList } from '../app/files/list/file-list.js';
import { Selection } from '../app/files/list/selection.js';
import { MediaIcon } from '../app/files/media-icon.js';
import { Copies } from '../app/safety/copies.js';
import { CopyButton } from '../app/kit/copy-button.js';
import { DialogFrame } from '../app/kit/dialogs.js';
import { EmptyState, type Drawing } from '../app/kit/empty-state.js';
import { Icon } from '../app/kit/icon.js';
import { Meter } from '../app/kit/meter.js';
import { Notice } from '../app/kit/notice.js';
import { Sights } from '../app/safety/sights.js';
import { Tip } from '../app/kit/tip.js';
import { Toasts } from '../app/kit/toasts.js';
import { Mark } from '../app/shell/mark.js';
import { Failures } from '../app/work/failures.js';
import { WorkPanel } from '../app/work/work-panel.js';
import { FAILURES } from './work-samples.js';
import { REPLICATIONS, ROWS, WORSTS } from './samples.js';

/** The parts within it are as on a page that has lost its node. */
@Component({
  selector: 'dfs-unconnected',
  template: '<ng-content />',
  providers: [{ provide: Sights, useValue: { now: signal({ current: false, nodes: null, target: null }) } }],
})
export class Unconnected {}

/** Every part of the kit in every state, on one page. */
@Component({
  selector: 'dfs-root',
  imports: [
    WorkPanel,
    Copies,
    CopyButton,
    DialogFrame,
    EmptyState,
    FileList,
    Icon,
    Mark,
    MediaIcon,
    Meter,
    Notice,
    Tip,
    Unconnected,
  ],
  templateUrl: './gallery.html',
  styleUrl: './gallery.scss',
})
export class Gallery {
  protected readonly replications = REPLICATIONS;
  protected readonly worsts = WORSTS;
  protected readonly rows = ROWS;
  protected readonly none = new Selection();
  protected readonly some = new Selection();
  protected readonly view = {
    prefix: '',
    q: '',
    sort: 'path',
    state: 'current',
    type: '',
    replication: '',
  } as const;
  protected readonly tones = ['', 'here', 'ok', 'info', 'warn', 'bad'];
  protected readonly drawings: readonly Drawing[] = [
    'files',
    'folder',
    'search',
    'trash',
    'network',
    'activity',
    'conflict',
  ];
  protected readonly problem = new ApiProblem({
    code: 'quota-exceeded',
    requestId: '4f1c',
    detail: 'All 10 GB are used.',
  });
  /** All that can be shown, each with its own advice. */
  protected readonly problems = (Object.keys(PROBLEM_MESSAGES) as ProblemCode[]).map(
    (code) => new ApiProblem({ code }),
  );
  protected readonly icons = {
    upload: mdiTrayArrowUp,
    download: mdiDownload,
    more: mdiDotsVertical,
    delete: mdiDeleteOutline,
  };

  constructor() {
    for (const row of ROWS.slice(2, 5)) this.some.pick(row, { range: false, rows: ROWS });
    const failures = inject(Failures);
    for (const failure of FAILURES) failures.tell(failure);
    const toasts = inject(Toasts);
    toasts.show({ text: 'Moved “holiday.jpg”.', action: 'Undo', durationMs: 1e8 });
    toasts.show({
      text: '3 items could not be moved. The disk is full.',
      tone: 'bad',
      action: 'Try again',
      durationMs: 1e8,
    });
  }
}
