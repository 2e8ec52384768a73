import { Service, computed, inject, linkedSignal } from '@angular/core';
import { Clock } from '../kit/clock.js';
import { counted, formatBytes, formatCount, formatRate } from '../kit/words/sizes.js';
import { formatDuration } from '../kit/words/times.js';
import { Sights } from '../safety/sights.js';
import { verdictOf } from '../safety/verdict.js';
import { UploadQueue } from '../files/upload/upload-queue.js';
import { FoldersState } from '../folders/folders-state.js';
import { Failures } from './failures.js';

/** How much the newest second counts in the speed that is shown. */
const NEWEST_WEIGHT = 0.4;

const WAITING = $localize`Waiting for the node`;

/** All uploads together: how far they are in three parts (sent, stored here, safe), and how long it will take. */
@Service()
export class Progress {
  readonly #queue = inject(UploadQueue);
  readonly #clock = inject(Clock);
  readonly #sights = inject(Sights);
  readonly #failures = inject(Failures);
  readonly #folders = inject(FoldersState).folders;

  /** Shares of all bytes, each part within the one before. */
  readonly shares = computed(() => {
    const { total, sent, stored } = this.#queue.bytes();
    if (total === 0) return { sent: 1, stored: 1, safe: this.#safe().bytes > 0 ? 1 : 0 };
    return { sent: sent / total, stored: stored / total, safe: Math.min(1, this.#safe().bytes / total) };
  });
  /** `Sent 12 MB · stored 8 MB · safe 4 MB of 20 MB` */
  readonly parts = computed(() => {
    const { total, sent, stored } = this.#queue.bytes();
    const [a, b, c] = [sent, stored, this.#safe().bytes].map(formatBytes);
    return $localize`Sent ${a}:sent: · stored ${b}:stored: · safe ${c}:safe: of ${formatBytes(total)}:all:`;
  });
  readonly headline = computed(() => {
    const { done, failed, cancelled, skipped, paused, unchosen } = this.#queue.counts();
    const total = this.#queue.items().length;
    const { away } = this.#queue;
    if (this.#queue.gathering())
      return $localize`Looking through what was dropped: ${counted(total, 'file')}:files: found`;
    if (this.#queue.active() > 0) {
      if (away() !== null) return WAITING;
      const at = formatCount(Math.min(total, total - this.#queue.active() + 1));
      return $localize`Uploading ${at}:number: of ${counted(total, 'file')}:files:`;
    }
    if (failed > 0) return $localize`${counted(failed, 'upload')}:uploads: failed`;
    const acts = this.#failures.kept().length;
    if (acts > 0) return $localize`${counted(acts, 'action')}:actions: failed`;
    if (unchosen > 0) return $localize`${counted(unchosen, 'upload')}:uploads: to be chosen again`;
    if (this.#folders()?.some(({ held }) => held > 0)) return $localize`Deletions wait for your answer`;
    if (paused > 0) return $localize`${counted(paused, 'upload')}:uploads: paused`;
    if (done > 0) return $localize`${counted(done, 'file')}:files: uploaded`;
    if (skipped > 0) return $localize`${counted(skipped, 'file')}:files: skipped`;
    if (cancelled > 0) return $localize`${counted(cancelled, 'upload')}:uploads: cancelled`;
    return $localize`Nothing is being uploaded`;
  });
  /** For screen readers: the beginning and the end, not every step between. */
  readonly said = computed(() => {
    if (this.#queue.active() === 0) return this.headline();
    return this.#queue.away() === null ? $localize`Uploading` : WAITING;
  });
  /** How fast, and how long still; or when the node is asked for again. */
  readonly pace = computed(() => {
    if (this.#queue.active() === 0) return '';
    const away = this.#queue.away();
    if (away !== null) {
      const seconds = Math.max(1, (away.until - this.#clock.now()) / 1000);
      return $localize`The uploads go on by themselves. Trying again in ${formatDuration(seconds)}:time:`;
    }
    const { rate } = this.#rate();
    const { sent, total } = this.#queue.bytes();
    return rate < 1 ? '' : $localize`${formatRate(rate)}:rate: · ${formatDuration((total - sent) / rate)}:time: left`;
  });

  readonly #safe = computed(() => {
    const sight = this.#sights.now();
    let bytes = 0;
    for (const item of this.#queue.items()) {
      const replication = item.replication();
      if (replication !== null && verdictOf(replication, sight).tone === 'ok') bytes += item.size;
    }
    return { bytes };
  });
  /** Bytes a second, over the last few. */
  readonly #rate = linkedSignal<{ now: number; sent: number }, { now: number; sent: number; rate: number }>({
    source: () => ({ now: this.#clock.now(), sent: this.#queue.bytes().sent }),
    computation: (source, previous) => {
      if (previous === undefined) return { ...source, rate: 0 };
      const seconds = (source.now - previous.value.now) / 1000;
      if (seconds <= 0) return previous.value;
      const newest = Math.max(0, source.sent - previous.value.sent) / seconds;
      const { rate } = previous.value;
      return { ...source, rate: rate === 0 ? newest : rate * (1 - NEWEST_WEIGHT) + newest * NEWEST_WEIGHT };
    },
  });
}
