import { computed, signal } from '@angular/core';
import { DURABLE_EVENTS, VOLATILE_EVENTS, type AnyEvent } from '@dfs/contracts';

/** Events that are kept, and files within them; the oldest give way. */
export const KEPT = { events: 200, parts: 5000 } as const;

/** Subjects of events, the part of their names before the dot: `file`, `peer`, `transfer` and the like. */
export const TOPICS: readonly string[] = [...new Set([...DURABLE_EVENTS, ...VOLATILE_EVENTS].map(topicOf))];

/** An event that was seen; `id` grows with each. */
export interface SeenEvent {
  id: number;
  event: AnyEvent;
}

/** The newest events as programs get them, for a person who looks: narrowed by topic and text, held still while one reads. */
export class EventLog {
  readonly #kept = signal<readonly SeenEvent[]>([]);
  readonly #held = signal<readonly SeenEvent[] | null>(null);
  #lastId = 0;

  /** One of `TOPICS`, or empty for all. */
  readonly topic = signal('');
  /** Shown are events that have this somewhere in their JSON, whatever the case. */
  readonly text = signal('');
  readonly paused = computed(() => this.#held() !== null);
  /** Those that came since it was held still, as far as they are kept. */
  readonly missed = computed(() => {
    const newest = this.#held()?.[0]?.id ?? 0;
    return this.paused() ? this.#kept().filter(({ id }) => id > newest).length : 0;
  });
  /** The newest first. */
  readonly shown = computed(() => {
    const [topic, text] = [this.topic(), this.text().trim().toLowerCase()];
    return (this.#held() ?? this.#kept()).filter(
      ({ event }) =>
        (topic === '' || topicOf(event.type) === topic) &&
        (text === '' || JSON.stringify(event).toLowerCase().includes(text)),
    );
  });

  take(event: AnyEvent): void {
    const all = [{ id: ++this.#lastId, event }, ...this.#kept()].slice(0, KEPT.events);
    let parts = 0;
    this.#kept.set(all.filter(({ event: one }) => (parts += partsOf(one)) <= KEPT.parts));
  }

  pause(): void {
    this.#held.set(this.#kept());
  }

  resume(): void {
    this.#held.set(null);
  }

  /** Forgets what was seen. */
  clear(): void {
    this.#kept.set([]);
    if (this.paused()) this.#held.set([]);
  }
}

function topicOf(type: string): string {
  return type.slice(0, type.indexOf('.'));
}

function partsOf({ data }: AnyEvent): number {
  return 'files' in data ? data.files.length : 1;
}
