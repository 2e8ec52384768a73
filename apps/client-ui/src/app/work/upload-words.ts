import { problemFacts } from '../kit/problem-facts.js';
import { nameOf } from '../kit/words/names.js';
import { formatBytes, formatRate } from '../kit/words/sizes.js';
import { formatDuration } from '../kit/words/times.js';
import { isUnchosen } from '../files/upload/chosen-again.js';
import type { UploadItem } from '../files/upload/upload-item.js';

/** The moment, and whether the node is away, as the words need them. */
export interface Now {
  /** Milliseconds since 1970; asked for by words alone that change each second. */
  ms: () => number;
  away: boolean;
}

/** Names of controls that say what they are about. */
export const UPLOAD_LABELS = {
  explain: (name: string) => $localize`What happened: ${name}:name:`,
  choose: (name: string) => $localize`Choose again: ${name}:name:`,
  again: (act: string, name: string) => `${act}: ${name}`,
  resume: (name: string) => $localize`Go on: ${name}:name:`,
  pause: (name: string) => $localize`Pause ${name}:name:`,
  cancel: (name: string) => $localize`Cancel ${name}:name:`,
  leave: (name: string) => $localize`Leave ${name}:name:`,
} as const;

/** How an upload stands, in a line. */
export function lineOf(item: UploadItem, now: Now): string {
  const size = sizeOf(item);
  switch (item.state()) {
    case 'waiting':
      return waitingLine(item, now, size);
    case 'sending':
      return [
        $localize`${formatBytes(item.sentBytes())}:done: of ${size}:all:`,
        ...(item.upload !== null && item.storedBytes() > 0
          ? [$localize`${formatBytes(item.storedBytes())}:bytes: stored`]
          : []),
        ...(item.rate() > 0 ? [formatRate(item.rate())] : []),
      ].join(' · ');
    case 'storing':
      return $localize`Being stored · ${size}:size:`;
    case 'paused':
      return item.storedBytes() > 0
        ? $localize`Paused · ${formatBytes(item.storedBytes())}:done: of ${size}:all: stored`
        : $localize`Paused · ${size}:size:`;
    case 'unchosen':
      return item.storedBytes() > 0
        ? $localize`Choose it again to go on: ${formatBytes(item.storedBytes())}:done: of ${size}:all: stored`
        : $localize`Choose it again: it was not sent yet · ${size}:size:`;
    case 'done':
      if (item.isFolder) return $localize`An empty folder, made`;
      // A browser does not tell them apart.
      return item.size === 0 ? $localize`empty file; a pipe or a device comes as one` : size;
    case 'cancelled':
      return $localize`Cancelled`;
    case 'skipped':
      return $localize`Skipped: the file that is there stays`;
    case 'failed': {
      const problem = item.problem();
      return problem ? `${problem.title}. ${problem.detail}` : '';
    }
  }
}

/** Meaning of a failure for the bytes: those of the file, and those on the node. */
export function meaningOf(item: UploadItem): string {
  const { code } = item.problem() ?? {};
  if (item.upload !== null && item.storedBytes() > 0) {
    const kept = [formatBytes(item.storedBytes()), formatBytes(item.size)];
    return code === 'precondition-failed'
      ? $localize`${kept[0]}:done: of ${kept[1]}:all: are on the node and stay there for a week. The file at the path was not changed.`
      : $localize`${kept[0]}:done: of ${kept[1]}:all: are on the node and stay there for a week: trying again goes on from there.`;
  }
  if (item.isFolder) return $localize`The folder was not made. Nothing else was changed.`;
  const nothing = $localize`Nothing of this file was stored; the file on this computer is as it was.`;
  return item.seen === null ? nothing : `${nothing} ${$localize`The version that is there was not changed.`}`;
}

/** Advice about a failure, beyond its own words. */
export function adviceOf(item: UploadItem): string {
  if (item.problem()?.code === 'precondition-failed') return $localize`Try again: you are asked whether to replace it.`;
  if (isUnchosen(item) && item.again === null) return $localize`Choose the file again.`;
  return item.problem()?.next ?? $localize`Try again`;
}

/** All facts of a failure as text, for those who are asked for help. */
export function detailsOf(item: UploadItem): string {
  return [
    `Upload: ${item.path}`,
    `Size: ${item.size} bytes, ${item.storedBytes()} stored`,
    ...(item.upload === null ? [] : [`Upload in parts: ${item.upload}`]),
    ...problemFacts(item.problem(), Date.now()),
  ].join('\n');
}

/** The name of what is uploaded, as it may be shown. */
export function shownName(item: UploadItem): string {
  return nameOf(item.path) + (item.isFolder ? '/' : '');
}

function sizeOf({ size, isFolder, file }: UploadItem): string {
  if (isFolder) return $localize`empty folder`;
  return size === 0 && file !== null ? $localize`empty file` : formatBytes(size);
}

function waitingLine(item: UploadItem, now: Now, size: string): string {
  const [problem, at] = [item.problem(), item.retryAt()];
  if (problem && at !== null) {
    return $localize`${problem.title}:problem:. Trying again in ${formatDuration(Math.max(1, (at - now.ms()) / 1000))}:time:`;
  }
  if (now.away) return $localize`Waiting for the node · ${size}:size:`;
  return $localize`Waiting · ${size}:size:`;
}
