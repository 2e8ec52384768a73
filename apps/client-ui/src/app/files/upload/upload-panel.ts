import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import {
  mdiAlertCircleOutline,
  mdiCheckCircleOutline,
  mdiChevronDown,
  mdiChevronUp,
  mdiClose,
  mdiRefresh,
} from '@mdi/js';
import { Clock } from '../../kit/clock.js';
import { Icon } from '../../kit/icon.js';
import { Tip } from '../../kit/tip.js';
import { nameOf, visibleName } from '../../kit/names.js';
import { counted, formatBytes, formatRate } from '../../kit/sizes.js';
import { formatDuration } from '../../kit/times.js';
import { UploadQueue, type UploadItem, type UploadState } from './upload-queue.js';

const RANK: Record<UploadState, number> = { failed: 0, sending: 1, storing: 1, waiting: 2, cancelled: 3, done: 4 };
/** How much the newest second counts in the speed that is shown. */
const NEWEST_WEIGHT = 0.4;

/** Uploads in a corner: each file with its progress, its speed, and its error. */
@Component({
  selector: 'dfs-upload-panel',
  imports: [CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport, Icon, Tip],
  templateUrl: './upload-panel.html',
  styleUrl: './upload-panel.scss',
})
export class UploadPanel {
  readonly #clock = inject(Clock);
  protected readonly queue = inject(UploadQueue);
  protected readonly folded = signal(false);
  /** Uploads that need a look first, then those that move. */
  protected readonly items = computed(() => [...this.queue.items()].sort((a, b) => RANK[a.state()] - RANK[b.state()]));
  protected readonly listHeight = computed(() => Math.min(5, this.items().length) * 52);
  protected readonly share = computed(() => {
    const { sent, total } = this.queue.bytes();
    return total === 0 ? 1 : sent / total;
  });
  /** Bytes a second, over the last few. */
  readonly #rate = linkedSignal<{ now: number; sent: number }, { now: number; sent: number; rate: number }>({
    source: () => ({ now: this.#clock.now(), sent: this.queue.bytes().sent }),
    computation: (source, previous) => {
      if (previous === undefined) return { ...source, rate: 0 };
      const seconds = (source.now - previous.value.now) / 1000;
      if (seconds <= 0) return previous.value;
      const newest = Math.max(0, source.sent - previous.value.sent) / seconds;
      const rate =
        previous.value.rate === 0 ? newest : previous.value.rate * (1 - NEWEST_WEIGHT) + newest * NEWEST_WEIGHT;
      return { ...source, rate };
    },
  });
  protected readonly headline = computed(() => {
    const { done, failed, cancelled } = this.queue.counts();
    const total = this.queue.items().length;
    if (this.queue.active() > 0) return `Uploading ${total - this.queue.active() + 1} of ${counted(total, 'file')}`;
    if (failed > 0) return `${counted(failed, 'upload')} failed`;
    if (done > 0) return `${counted(done, 'file')} uploaded`;
    return `${counted(cancelled, 'upload')} cancelled`;
  });
  /** For screen readers: the beginning and the end, not every step between. */
  protected readonly said = computed(() => (this.queue.active() > 0 ? 'Uploading' : this.headline()));
  protected readonly pace = computed(() => {
    const { rate } = this.#rate();
    const { sent, total } = this.queue.bytes();
    if (this.queue.active() === 0) return '';
    if (rate < 1) return `${formatBytes(sent)} of ${formatBytes(total)}`;
    return `${formatRate(rate)} · ${formatDuration((total - sent) / rate)} left`;
  });
  protected readonly icons = {
    close: mdiClose,
    fold: mdiChevronDown,
    unfold: mdiChevronUp,
    retry: mdiRefresh,
    done: mdiCheckCircleOutline,
    failed: mdiAlertCircleOutline,
  };
  protected readonly nameOf = nameOf;
  protected readonly visibleName = visibleName;

  protected trackItem(_: number, item: UploadItem): number {
    return item.id;
  }

  protected line(item: UploadItem): string {
    const size = formatBytes(item.size);
    switch (item.state()) {
      case 'waiting':
        return `Waiting · ${size}`;
      case 'sending':
        return `${formatBytes(item.sentBytes())} of ${size}${item.rate() > 0 ? ` · ${formatRate(item.rate())}` : ''}`;
      case 'storing':
        return `Being stored · ${size}`;
      case 'done':
        return `Uploaded · ${size}`;
      case 'cancelled':
        return 'Cancelled';
      case 'failed': {
        const problem = item.problem();
        return problem ? `${problem.title}. ${problem.detail}` : 'Failed';
      }
    }
  }

  protected failedItems(): UploadItem[] {
    return this.queue.items().filter((item) => item.state() === 'failed');
  }
}
