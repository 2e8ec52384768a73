import { createInterface } from 'node:readline/promises';
import type { Surroundings } from '../commands/context.js';
import { Failure } from './failure.js';

/** Whether a person sits at a terminal and can answer. */
export function canAsk({ stdin, isTerminal }: Pick<Surroundings, 'stdin' | 'isTerminal'>): boolean {
  return isTerminal && stdin.isTTY;
}

/**
 * Asks at the terminal; goes on only with a yes.
 * @param question a sentence that ends with a question mark
 * @throws Failure with `otherwise` at any other answer
 */
export async function confirmed(around: Surroundings, question: string, otherwise: string): Promise<void> {
  const lines = createInterface({ input: around.stdin, output: around.stderr });
  // The end of the input is no answer, and gives none.
  const ended = new Promise<string>((done) => lines.once('close', () => done('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal: around.signal }), ended]);
    if (!/^\s*y(es)?\s*$/i.test(answer)) throw new Failure(otherwise);
  } finally {
    lines.close();
  }
}
