/**
 * Asks for many things at once where callers ask one by one: what comes in while a question is under way goes into the
 * next one, together.
 */
export class Grouped<Q, A> {
  #waiting: { question: Q; resolve: (answer: A) => void; reject: (error: unknown) => void }[] = [];
  #asking = false;

  constructor(
    /** Answers in the order of the questions. */
    private readonly ask: (questions: Q[]) => Promise<A[]>,
    private readonly limit: number,
  ) {}

  get(question: Q): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#asking) return;
      this.#asking = true;
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.limit);
      try {
        const answers = await this.ask(group.map(({ question }) => question));
        group.forEach(({ resolve }, index) => resolve(answers[index] as A));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#asking = false;
  }
}
