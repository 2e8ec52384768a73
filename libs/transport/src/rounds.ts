import { Recurring, type Log, type WorkStatus } from '@dfs/runtime';

/** Looks that a transport takes at a steady pace while it is up; begun anew each time it starts. */
export class Rounds {
  #under: Recurring[] = [];

  constructor(private readonly log: Log) {}

  /** @param name an act: `cut what may not stay` @param every milliseconds from one look to the next */
  begin(name: string, every: number, look: () => void): void {
    const run = (): Promise<'idle'> => {
      look();
      return Promise.resolve('idle');
    };
    const work = { name, every, failed: `failed to ${name}`, severity: 'error', run } as const;
    this.#under.push(new Recurring(work, { log: this.log }).start());
  }

  async end(): Promise<void> {
    await Promise.all(this.#under.splice(0).map((one) => one.stop()));
  }

  work(): WorkStatus[] {
    return this.#under.map((one) => one.status());
  }
}
