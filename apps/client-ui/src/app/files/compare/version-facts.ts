import type { VersionInfo } from '@dfs/contracts';
import { visibleName } from '../../kit/words/names.js';
import { counted, formatBytes, formatCount } from '../../kit/words/sizes.js';
import { formatDate } from '../../kit/words/times.js';
import { deedOf } from '../detail/version-words.js';

/** A fact about both of two versions. */
export interface Fact {
  name: string;
  /** Of the one, and of the other. */
  values: readonly [string, string];
  differs: boolean;
  /** An identity, which is no word of a language. */
  isId: boolean;
}

/** All that is told of two versions, fact by fact. @param nameOf of a node, by its peer id */
export function factsOf(before: VersionInfo, after: VersionInfo, nameOf: (peerId: string) => string): Fact[] {
  const fact = (name: string, told: (version: VersionInfo) => string, isId = false): Fact => {
    const values = [told(before), told(after)] as const;
    return { name, values, differs: values[0] !== values[1], isId };
  };
  return [
    fact($localize`What was done`, deedOf),
    fact($localize`Time`, ({ writtenAt }) => formatDate(writtenAt)),
    fact($localize`Written by`, ({ author }) => visibleName(nameOf(author))),
    fact($localize`Size`, ({ size }) => $localize`${formatBytes(size)}:size: (${formatCount(size)}:bytes: bytes)`),
    fact($localize`Type`, ({ mediaType }) => mediaType || $localize`unknown`),
    fact($localize`On this node`, hereOf),
    fact($localize`Content id`, ({ contentId }) => contentId ?? '–', true),
  ];
}

/** How much of a version can be had on this node, and from where the rest. */
function hereOf({ local, purged, reachable = 0 }: VersionInfo): string {
  if (local === 'whole') return $localize`all of it`;
  if (purged) return $localize`nothing: no longer kept`;
  if (reachable === 0) return $localize`no copy in reach`;
  const copies = counted(reachable, 'copy');
  return local === 'part'
    ? $localize`a part; ${copies}:copies: in reach`
    : $localize`nothing; ${copies}:copies: in reach`;
}
