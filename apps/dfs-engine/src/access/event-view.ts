import type { AnyEvent, FileEventItem } from '@dfs/contracts';
import type { EventView } from '@dfs/events';
import { sees, type Caller } from '@dfs/files';

/**
 * The events that a key with a prefix sees: those of files alone, and of these the files below its prefix. Undefined
 * for a
 * caller that sees everything.
 */
export function viewOf(caller: Caller): EventView | undefined {
  if (caller.prefix === '') return undefined;
  return (event) => {
    // It names no file, and counts none.
    if (event.type === 'file.states') return event;
    if (!event.type.startsWith('file.') || !('files' in event.data)) return undefined;
    const files = (event.data.files as FileEventItem[]).filter(({ path }) => sees(caller, path));
    return files.length === 0 ? undefined : ({ ...event, data: { ...event.data, files } } as AnyEvent);
  };
}
