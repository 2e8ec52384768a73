import type { FileListState, FileSort } from '@dfs/contracts';
import type { FileView } from './list/rows.js';

const SORTS: readonly FileSort[] = ['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'];

/** Which files there are to look at. */
export const STATES: readonly { state: FileListState; name: string }[] = [
  { state: 'current', name: $localize`Files` },
  { state: 'deleted', name: $localize`Deleted` },
  { state: 'conflict', name: $localize`Conflicts` },
];

/** Kinds of files that one can ask for, by the first part of their media type. */
export const TYPES = [
  { type: 'image', name: $localize`Images` },
  { type: 'video', name: $localize`Videos` },
  { type: 'audio', name: $localize`Audio` },
  { type: 'text', name: $localize`Texts` },
  { type: 'application', name: $localize`Documents and others` },
] as const;

/** States that one can ask for, as the address has them. */
export const COPIES = [
  { copies: 'trouble', name: $localize`At risk or out of reach`, replication: 'unavailable,at-risk' },
  { copies: 'short', name: $localize`Fewer copies than wanted`, replication: 'limited,pending,replicating' },
  { copies: 'safe', name: $localize`Enough copies`, replication: 'safe' },
] as const;

/** The parts of the address that say what is shown. */
export interface Address {
  in?: string;
  q?: string;
  sort?: string;
  show?: string;
  type?: string;
  copies?: string;
}

/** The order where the address has none: by name in a folder, what happened last first elsewhere. */
export function usualSort(view: Pick<FileView, 'q' | 'state'>): FileSort {
  return view.state === 'current' && view.q === '' ? 'path' : '-modifiedAt';
}

/** The view that an address means; any address means one. */
export function viewOf(address: Address): FileView {
  const folder = (address.in ?? '').replace(/^\/+/, '');
  const state = STATES.find((known) => known.state === address.show)?.state ?? 'current';
  const q = address.q ?? '';
  return {
    prefix: folder === '' || folder.endsWith('/') ? folder : `${folder}/`,
    q,
    sort: SORTS.find((known) => known === address.sort) ?? usualSort({ q, state }),
    state,
    type: TYPES.find(({ type }) => type === address.type)?.type ?? '',
    replication: state === 'deleted' ? '' : (COPIES.find(({ copies }) => copies === address.copies)?.replication ?? ''),
  };
}

/** The one choice by which a view is narrowed: `type:image`, `copies:safe`, or empty for all files. */
export function narrowedBy({ type, replication }: FileView): string {
  const known = COPIES.find((choice) => choice.replication === replication);
  return known ? `copies:${known.copies}` : type === '' ? '' : `type:${type}`;
}
