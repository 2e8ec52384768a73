import type { LiveFolderInfo, LiveFolderReason, LiveFolderState } from '@dfs/contracts';
import type { PassNotes } from '../pass/context.js';
import type { LiveFoldersComponents } from '../pass/ports.js';
import { DETAIL } from '../pass/root-check.js';

/** How a folder stands, as health tells it. */
export type LiveFolderStanding = Pick<LiveFolderInfo, 'id' | 'name' | 'state' | 'reason' | 'detail' | 'held'>;

/** Files and bytes that went one way since the process began. */
interface Moved {
  files: number;
  bytes: number;
}

/** How one folder stands: its state and why, and what it has done. Events tell of each change of these. */
export class Standing {
  state: LiveFolderState = 'scanning';
  reason: LiveFolderReason | null = null;
  detail: string | null = null;
  /** Time of the last pass (ms). */
  lastPassAt: number | null = null;
  private readonly counts: { in: Moved; out: Moved } = { in: { files: 0, bytes: 0 }, out: { files: 0, bytes: 0 } };
  private told: string | undefined;

  constructor(
    private readonly events: LiveFoldersComponents['events'],
    private readonly named: () => Pick<LiveFolderInfo, 'id' | 'name'>,
  ) {}

  /** Of the last state: why, where there is a reason. */
  now(): Pick<LiveFolderInfo, 'state' | 'reason' | 'detail'> {
    const { state, reason, detail } = this;
    return { state, reason, detail };
  }

  /** Files and bytes that came in and went out. */
  moved(): Pick<LiveFolderInfo, 'in' | 'out'> {
    return { in: { ...this.counts.in }, out: { ...this.counts.out } };
  }

  /** Adds the work of a pass. */
  count(notes: Pick<PassNotes, 'in' | 'out'>): void {
    for (const way of ['in', 'out'] as const) {
      this.counts[way].files += notes[way].files;
      this.counts[way].bytes += notes[way].bytes;
    }
  }

  become(state: LiveFolderState, reason: LiveFolderReason | null, detail: string | null = null): void {
    this.state = state;
    this.reason = reason;
    this.detail = reason === null ? null : (detail ?? DETAIL[reason]);
  }

  /** The same, and told: events tell how the folder is, not every step of the way. */
  async say(state: LiveFolderState, reason: LiveFolderReason | null, detail: string | null = null): Promise<void> {
    this.become(state, reason, detail);
    const now = `${state} ${reason}`;
    if (this.told === now) return;
    this.told = now;
    const folder = { ...this.named(), state, reason, detail: this.detail };
    await this.events.recordNow('folder.state', { folder });
  }
}
