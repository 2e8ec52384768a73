import type { LiveFolderInfo, LiveFolderIssueKind, LiveFolderMode, LiveFolderReason } from '@dfs/contracts';
import {
  mdiAlertOutline,
  mdiCheckCircleOutline,
  mdiCircleHalfFull,
  mdiDotsCircle,
  mdiPauseCircleOutline,
  mdiSyncCircle,
} from '@mdi/js';
import { formatTime } from '../kit/words/times.js';
import type { Tone } from '../safety/verdict.js';

/** How a live folder stands, as it is shown. */
export interface Standing {
  tone: Tone;
  icon: string;
  text: string;
}

/** Reasons after which a person says whether the directory is still the folder. */
const MARKERS: ReadonlySet<LiveFolderReason | null> = new Set<LiveFolderReason>([
  'marker-missing',
  'marker-other',
  'root-changed',
  'old-copy',
]);

/** The modes, as a person chooses among them. */
export const MODES: readonly { mode: LiveFolderMode; name: string; hint: string }[] = [
  {
    mode: 'both',
    name: $localize`Both ways`,
    hint: $localize`Changes on the disk go out, and those of others come in.`,
  },
  {
    mode: 'send',
    name: $localize`Send only`,
    hint: $localize`Changes on the disk go out. Those of others are listed and not written.`,
  },
  {
    mode: 'receive',
    name: $localize`Receive only`,
    hint: $localize`Changes of others come in. Those on the disk are listed and not sent.`,
  },
];

/** The kinds of issues, in a few words. */
export const ISSUES: Record<LiveFolderIssueKind, string> = {
  hidden: $localize`Cannot be shown on both sides`,
  'being-written': $localize`Is being written`,
  'local-change': $localize`Changed on the disk only`,
  'remote-change': $localize`Changed in the network only`,
  'deleted-elsewhere': $localize`Others deleted it`,
  'no-room': $localize`No room for it`,
  unreadable: $localize`Cannot be read`,
  unavailable: $localize`No node in reach has it`,
  'written-on': $localize`Was written on in the trash`,
};

/** State, with its tone and icon. Green only while the console itself is connected: else nobody can say. */
export function standingOf({ state, reason, pausedUntil }: LiveFolderInfo, current: boolean): Standing {
  if (!current) return { tone: 'quiet', icon: mdiDotsCircle, text: $localize`Not known now` };
  switch (state) {
    case 'up-to-date':
      return { tone: 'ok', icon: mdiCheckCircleOutline, text: $localize`Up to date` };
    case 'scanning':
      return { tone: 'info', icon: mdiSyncCircle, text: $localize`Scanning` };
    case 'syncing':
      return { tone: 'info', icon: mdiSyncCircle, text: $localize`Syncing` };
    case 'held':
      return { tone: 'warn', icon: mdiCircleHalfFull, text: $localize`Waits for an answer` };
    case 'paused':
      return {
        tone: reason === 'asked' ? 'quiet' : 'warn',
        icon: mdiPauseCircleOutline,
        text: pausedUntil === null ? $localize`Paused` : $localize`Paused until ${formatTime(pausedUntil)}:time:`,
      };
    case 'error':
      return { tone: 'bad', icon: mdiAlertOutline, text: $localize`In trouble` };
  }
}

/** The folder waits for a person to say that the directory as it is now is the folder. */
export function asksForRelink({ reason }: LiveFolderInfo): boolean {
  return MARKERS.has(reason);
}

/** A directory in another one, written as the node's system writes paths. */
export function directoryIn(parent: string, name: string): string {
  const slash = parent.includes('\\') && !parent.includes('/') ? '\\' : '/';
  return parent.endsWith(slash) ? parent + name : `${parent}${slash}${name}`;
}

/** The last name of a directory on a disk. */
export function lastNameOf(directory: string): string {
  return (
    directory
      .split(/[/\\]/)
      .filter((part) => part !== '')
      .at(-1) ?? ''
  );
}
