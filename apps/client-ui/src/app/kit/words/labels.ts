/** Names of controls that say what they are about. Angular translates fixed attributes alone, and properties. */
export const LABELS = {
  more: (name: string) => $localize`More for ${name}:name:`,
  rename: (name: string) => $localize`Rename ${name}:name:`,
  delete: (name: string) => $localize`Delete ${name}:name:`,
  restore: (name: string) => $localize`Restore ${name}:name:`,
  select: (name: string) => $localize`Select ${name}:name:`,
  selectAll: (count: string) => $localize`Select all ${count}:count:`,
  openFolder: (name: string) => $localize`Open the folder ${name}:name:`,
  downloadVersion: (when: string) => $localize`Download the version of ${when}:when:`,
  compareVersion: (when: string) => $localize`Compare the version of ${when}:when:`,
  restoreVersion: (when: string) => $localize`Restore the version of ${when}:when:`,
  keepVersion: (author: string) => $localize`Keep this: the version by ${author}:author:`,
} as const;
