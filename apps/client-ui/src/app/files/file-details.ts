import { Component, computed, inject, input, output } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { MatButton, MatIconButton } from '@angular/material/button';
import { EventStream, FilesApi } from '@dfs/client-data';
import type { AnyEvent, FileInfo } from '@dfs/contracts';
import { mdiClose, mdiDeleteOutline, mdiDownload } from '@mdi/js';
import { debounceTime, filter, map, merge } from 'rxjs';
import { Clock } from '../kit/clock.js';
import { CopyButton } from '../kit/copy-button.js';
import { Icon } from '../kit/icon.js';
import { folderOf, nameOf, visibleName } from '../kit/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { counted, formatBytes, formatCount } from '../kit/sizes.js';
import { formatAgo, formatDate } from '../kit/times.js';
import { PeersState } from '../peers/peers-state.js';
import type { FileRow } from './file-window.js';
import { MediaIcon } from './media-icon.js';
import { viewOf } from './replication.js';
import { ReplicationChip } from './replication-chip.js';

const SETTLE_MS = 200;

/** Everything known about one file, and who holds it. */
@Component({
  selector: 'dfs-file-details',
  imports: [CopyButton, Icon, MatButton, MatIconButton, MediaIcon, Notice, ReplicationChip],
  templateUrl: './file-details.html',
  styleUrl: './file-details.scss',
})
export class FileDetails {
  readonly id = input.required<string>();
  readonly closed = output();
  readonly download = output<FileRow>();
  readonly remove = output<FileRow>();

  readonly #api = inject(FilesApi);
  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  protected readonly file = reading((id: string) => this.#api.get(id), this.id);
  protected readonly holders = reading((id: string) => this.#api.holders(id), this.id);
  protected readonly chunkCount = reading(
    (id: string) => this.#api.chunks(id, 1).pipe(map((list) => list.total)),
    this.id,
  );

  /** Each holder once, with how many of the file's extents it has. */
  protected readonly holderList = computed(() => {
    const extents = this.holders.value()?.extents ?? [];
    const byId = new Map<string, { peerId: string; name: string; live: boolean; self: boolean; extents: number }>();
    for (const extent of extents) {
      for (const holder of extent.holders) {
        const known = byId.get(holder.peerId) ?? { ...holder, extents: 0 };
        byId.set(holder.peerId, { ...known, extents: known.extents + 1 });
      }
    }
    return [...byId.values()]
      .sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name))
      .map((holder) => ({
        ...holder,
        part: holder.extents < extents.length ? `${holder.extents} of ${extents.length} parts` : '',
      }));
  });
  /** It was deleted, here or on another node, while it was looked at. */
  protected readonly gone = computed(
    () => this.file.value()?.deleted === true || this.file.problem()?.code === 'file-not-found',
  );
  protected readonly hint = computed(() => viewOf(this.file.value()?.replication ?? null).hint);
  protected readonly icons = { close: mdiClose, download: mdiDownload, delete: mdiDeleteOutline };
  protected readonly counted = counted;
  protected readonly folderOf = folderOf;
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly formatDate = formatDate;
  protected readonly nameOf = nameOf;
  protected readonly visibleName = visibleName;

  constructor() {
    const events = inject(EventStream);
    const ofThisFile = events.all.pipe(filter((event) => filesOf(event).includes(this.id())));
    merge(ofThisFile, events.live, events.resync, events.on('peer.connected'), events.on('peer.disconnected'))
      .pipe(debounceTime(SETTLE_MS), takeUntilDestroyed())
      .subscribe(() => this.refresh());
  }

  protected refresh(): void {
    this.file.refresh();
    this.holders.refresh();
    this.chunkCount.refresh();
  }

  protected ago(timestamp: string): string {
    return formatAgo(timestamp, this.#clock.slow());
  }

  protected peerName(peerId: string): string {
    return visibleName(this.#peers.nameOf(peerId));
  }

  protected rowOf(file: FileInfo): FileRow {
    return { ...file, arrivedAt: 0 };
  }
}

function filesOf(event: AnyEvent): string[] {
  return 'files' in event.data ? event.data.files.map((file) => file.id) : [];
}
