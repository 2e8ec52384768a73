import { encode, type WireValue } from '@dfs/protocol';
import type { Log } from '@dfs/runtime';

interface Section {
  value: () => WireValue;
  /** As it was when last looked at. */
  bytes: Uint8Array | undefined;
  current: WireValue;
  revision: number;
}

/**
 * Sections of this node's status, from the parts of the engine. Each change gets a number, so that only changes are
 * sent.
 */
export class Sections {
  private readonly sections = new Map<string, Section>();
  private latest = 0;

  constructor(private readonly log: Log) {}

  contribute(name: string, value: () => WireValue): void {
    this.sections.set(name, { value, bytes: undefined, current: null, revision: 0 });
  }

  /** Whether this engine has such a section itself: it listens for those of others. */
  has(name: string): boolean {
    return this.sections.has(name);
  }

  /** Number of the latest change. */
  get revision(): number {
    return this.latest;
  }

  /** Looks at all of them anew. */
  refresh(): void {
    for (const [name, section] of this.sections) {
      try {
        this.look(section);
      } catch (error) {
        this.log.error({ err: error, section: name }, 'a section of the status could not be made');
      }
    }
  }

  /** Those that changed after a revision. */
  since(revision: number): { name: string; value: WireValue }[] {
    return [...this.sections].flatMap(([name, section]) =>
      section.revision > revision ? [{ name, value: section.current }] : [],
    );
  }

  /** As it is now. */
  read(name: string): WireValue | undefined {
    return this.sections.get(name)?.value();
  }

  private look(section: Section): void {
    const current = section.value();
    const bytes = encode(current);
    if (section.bytes && Buffer.compare(bytes, section.bytes) === 0) return;
    section.bytes = bytes;
    section.current = current;
    section.revision = ++this.latest;
  }
}
