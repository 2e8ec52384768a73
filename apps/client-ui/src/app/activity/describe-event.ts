import type { AnyEvent, FileBatch, TransferInfo, TransferKind } from '@dfs/contracts';
import {
  mdiAccountPlusOutline,
  mdiAccountRemoveOutline,
  mdiAlertOutline,
  mdiCheck,
  mdiDeleteOutline,
  mdiDeleteSweepOutline,
  mdiFileEditOutline,
  mdiHistory,
  mdiLanConnect,
  mdiLanDisconnect,
  mdiSourceBranch,
  mdiSwapHorizontal,
  mdiSync,
  mdiTrayArrowUp,
} from '@mdi/js';
import { nameOf, visibleName } from '../kit/words/names.js';
import { counted, formatBytes } from '../kit/words/sizes.js';

/** One line of the feed. */
export interface Line {
  icon: string;
  tone: 'plain' | 'ok' | 'warn' | 'bad';
  /** A sentence; names are in `about`. */
  text: string;
  /** Names the sentence is about; shown apart from it. */
  about: readonly string[];
}

/** A sync is told of when it moved at least this many records: each change of a file is told of by itself. */
const SYNC_TOLD = 50;
/** Names shown of a batch. */
const NAMED = 3;

/** How a transfer ended: well, or not. */
const ENDED: Record<TransferKind, { plain: string; bad: string }> = {
  upload: { plain: $localize`Upload finished`, bad: $localize`Upload failed` },
  download: { plain: $localize`Download finished`, bad: $localize`Download failed` },
  replication: { plain: $localize`Copy finished`, bad: $localize`Copy failed` },
  drain: { plain: $localize`Emptying of a node finished`, bad: $localize`Emptying of a node failed` },
  act: { plain: $localize`Change of many files finished`, bad: $localize`Change of many files failed` },
};

/** The words of an event for a person; null for those that only move a bar or a number. */
export function describeEvent(event: AnyEvent, nameOfPeer: (peerId: string) => string): Line | null {
  switch (event.type) {
    case 'file.uploaded':
      return files(
        event.data,
        mdiTrayArrowUp,
        'ok',
        (n) => $localize`${n}:files: added${by(event.data, nameOfPeer)}:by:`,
      );
    case 'file.updated':
      return files(
        event.data,
        mdiFileEditOutline,
        'plain',
        (n) => $localize`${n}:files: changed${by(event.data, nameOfPeer)}:by:`,
      );
    case 'file.deleted':
      return files(
        event.data,
        mdiDeleteOutline,
        'plain',
        (n) => $localize`${n}:files: deleted${by(event.data, nameOfPeer)}:by:`,
      );
    case 'file.restored':
      return files(
        event.data,
        mdiHistory,
        'ok',
        (n) => $localize`${n}:files: restored${by(event.data, nameOfPeer)}:by:`,
      );
    case 'file.conflict':
      return files(
        event.data,
        mdiSourceBranch,
        'warn',
        (n) => $localize`${n}:files: changed in two places at once; all versions are kept`,
      );
    case 'file.purged':
      return files(event.data, mdiDeleteSweepOutline, 'plain', (n) =>
        event.data.reason === 'room'
          ? $localize`Past versions of ${n}:files: gave way to uploads`
          : $localize`The space of ${n}:files: was freed`,
      );
    case 'peer.added':
      return peer(event.data.peer.name, mdiAccountPlusOutline, 'ok', $localize`A node joined the network`);
    case 'peer.connected':
      return peer(event.data.peer.name, mdiLanConnect, 'plain', $localize`Connected to a node`);
    case 'peer.disconnected':
      return peer(event.data.peer.name, mdiLanDisconnect, 'plain', $localize`Lost the connection to a node`);
    case 'peer.removed':
      return peer(
        event.data.peer.name,
        mdiAccountRemoveOutline,
        'warn',
        $localize`A node was removed from the network`,
      );
    case 'folder.state': {
      const { name, state, detail } = event.data.folder;
      if (state !== 'paused' && state !== 'error') return null;
      const said = detail === null ? '' : `: ${detail}`;
      return {
        icon: mdiAlertOutline,
        tone: state === 'error' ? 'bad' : 'warn',
        text: (state === 'error' ? $localize`A live folder is in trouble` : $localize`A live folder pauses`) + said,
        about: [visibleName(name)],
      };
    }
    case 'folder.held': {
      const text = $localize`${counted(event.data.count, 'deletion')}:deletion: in a live folder wait for an answer`;
      return { icon: mdiAlertOutline, tone: 'warn', text, about: [visibleName(event.data.folder.name)] };
    }
    case 'folder.issue': {
      const { issues, count, folder } = event.data;
      const about = [visibleName(folder.name), ...issues.slice(0, NAMED).map(({ path }) => nameOf(path))];
      return {
        icon: mdiAlertOutline,
        tone: 'warn',
        text: $localize`${counted(count, 'new issue')}:issue: in a live folder`,
        about,
      };
    }
    case 'sync.started':
      return null;
    case 'sync.finished': {
      const { received, sent, peerId } = event.data;
      if (received + sent < SYNC_TOLD) return null;
      const text = $localize`Catalogue brought up to date: ${counted(received, 'record')}:received: received, ${counted(sent, 'record')}:sent: sent`;
      return { icon: mdiSync, tone: 'plain', text, about: [visibleName(nameOfPeer(peerId))] };
    }
    case 'transfer.finished':
      return transfer(event.data.transfer, mdiCheck, 'plain');
    case 'transfer.failed': {
      const line = transfer(event.data.transfer, mdiAlertOutline, 'bad');
      const detail = event.data.transfer.error?.detail;
      return detail ? { ...line, text: `${line.text}: ${detail}` } : line;
    }
    case 'node.warning':
      return {
        icon: event.data.active ? mdiAlertOutline : mdiCheck,
        tone: event.data.active ? 'warn' : 'ok',
        text: event.data.active ? event.data.detail : $localize`Resolved: ${event.data.detail}:detail:`,
        about: [],
      };
    case 'transfer.progress':
    case 'node.status':
    case 'file.replication':
    case 'file.states':
      return null;
  }
}

function files(batch: FileBatch, icon: string, tone: Line['tone'], say: (count: string) => string): Line {
  const names = batch.files.slice(0, NAMED).map((file) => nameOf(file.path));
  const more = batch.files.length - names.length;
  const about = more > 0 ? [...names, $localize`and ${counted(more, 'more')}:more:`] : names;
  return { icon, tone, text: say(counted(batch.files.length, 'file')), about };
}

/** The author, when all of a batch is by one. */
function by(batch: FileBatch, nameOfPeer: (peerId: string) => string): string {
  const [first] = batch.files;
  if (first === undefined || batch.files.some((file) => file.author !== first.author)) return '';
  return $localize` on ${visibleName(nameOfPeer(first.author))}:author:`;
}

function peer(name: string, icon: string, tone: Line['tone'], text: string): Line {
  return { icon, tone, text, about: [visibleName(name)] };
}

function transfer(info: TransferInfo, icon: string, tone: 'plain' | 'bad'): Line {
  const size = info.bytes === null ? '' : ` (${formatBytes(info.bytes)})`;
  const about = info.path === null ? [] : [nameOf(info.path)];
  return { icon: tone === 'bad' ? icon : mdiSwapHorizontal, tone, text: ENDED[info.kind][tone] + size, about };
}
