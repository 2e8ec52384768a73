import { Component, computed, inject, input, output, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';
import { EventStream, FilesApi } from '@dfs/client-data';
import type { AnyEvent, FileInfo } from '@dfs/contracts';
import { mdiClose, mdiDeleteOutline, mdiDownload, mdiRenameOutline } from '@mdi/js';
import { filter, merge, throttleTime } from 'rxjs';
import { ActButton } from '../../kit/act-button.js';
import { LABELS } from '../../kit/words/labels.js';
import { Clock } from '../../kit/clock.js';
import { Copies } from '../../safety/copies.js';
import { CopyButton } from '../../kit/copy-button.js';
import { Dialogs } from '../../kit/dialogs.js';
import { Icon } from '../../kit/icon.js';
import { folderOf, nameOf, visibleName } from '../../kit/words/names.js';
import { changeQuery } from '../../kit/parts/query.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { SummaryState } from '../../shell/summary-state.js';
import { Sights } from '../../safety/sights.js';
import { formatBytes, formatCount } from '../../kit/words/sizes.js';
import { formatAgo, formatDate } from '../../kit/words/times.js';
import { verdictOf } from '../../safety/verdict.js';
import { PeersState } from '../../peers/peers-state.js';
import type { FileRow } from '../list/rows.js';
import { kindOf } from '../media-icon.js';
import { Conflict } from './conflict.js';
import { KeepHere } from './keep-here.js';
import { Preview } from './preview.js';
import { Upkeep } from './upkeep.js';
import { Versions } from './versions.js';
import { Whereabouts } from './whereabouts.js';

const SETTLE_MS = 200;
const viewer = () => import('./viewer.js').then((part) => part.Viewer);

/** Everything known about one file: is it safe, where is it, what was it before. */
@Component({
  selector: 'dfs-file-details',
  imports: [ActButton, Conflict, Copies, CopyButton, Icon, KeepHere, Notice, Preview, Upkeep, Versions, Whereabouts],
  templateUrl: './file-details.html',
  styleUrl: './file-details.scss',
})
export class FileDetails {
  readonly id = input.required<string>();
  readonly closed = output();
  readonly download = output<FileRow>();
  readonly remove = output<FileRow>();
  readonly rename = output<FileRow>();

  readonly #api = inject(FilesApi);
  readonly #clock = inject(Clock);
  readonly #dialogs = inject(Dialogs);
  readonly #router = inject(Router);
  readonly #peers = inject(PeersState);
  readonly #sights = inject(Sights);
  protected readonly labels = LABELS;
  protected readonly file = reading((id: string) => this.#api.get(id), this.id);
  /** It was deleted, here or on another node, before or while it was looked at. */
  protected readonly gone = computed(
    () => this.file.value()?.deleted === true || this.file.problem()?.code === 'file-not-found',
  );
  protected readonly hint = computed(() => verdictOf(this.file.value()?.replication ?? null, this.#sights.now()).hint);
  protected readonly icons = {
    close: mdiClose,
    download: mdiDownload,
    delete: mdiDeleteOutline,
    rename: mdiRenameOutline,
  };
  protected readonly folderOf = folderOf;
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly formatDate = formatDate;
  protected readonly nameOf = nameOf;
  protected readonly visibleName = visibleName;
  readonly #told = signal(0);
  /** Counts what happened to the file, so that its parts are read anew. */
  protected readonly round = computed(() => {
    const file = this.file.value();
    return file ? `${file.version} ${file.conflict} ${this.#told()}` : '';
  });

  constructor() {
    const events = inject(EventStream);
    const ofThisFile = events.all.pipe(filter((event) => filesOf(event).includes(this.id())));
    merge(
      ofThisFile,
      events.live,
      events.resync,
      events.on('file.states', 'peer.connected', 'peer.disconnected', 'peer.removed'),
      inject(SummaryState).turned,
    )
      .pipe(throttleTime(SETTLE_MS, undefined, { leading: false, trailing: true }), takeUntilDestroyed())
      .subscribe(() => {
        this.#told.update((n) => n + 1);
        this.refresh();
      });
  }

  /** In the whole window; the file that was looked at last is the one of the details then. */
  protected async look(file: FileInfo): Promise<void> {
    const last = await this.#dialogs.load<string>(viewer, { file });
    if (last === undefined || last === this.id()) return;
    changeQuery(this.#router, { file: last });
  }

  protected refresh(): void {
    this.file.refresh();
  }

  protected ago(timestamp: string): string {
    return formatAgo(timestamp, this.#clock.slow());
  }

  protected kind(file: FileInfo): string {
    return kindOf(file.mediaType, file.path).label;
  }

  protected peerName(peerId: string): string {
    return visibleName(this.#peers.nameOf(peerId));
  }

  protected rowOf(file: FileInfo): FileRow {
    return { kind: 'file', key: file.id, path: file.path, file };
  }
}

function filesOf(event: AnyEvent): string[] {
  return 'files' in event.data ? event.data.files.map((file) => file.id) : [];
}
