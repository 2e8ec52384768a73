/** Figures by name: some samples of each figure, of which the median counts. */
import { median } from './measure.mjs';

/** @typedef {import('./watch.mjs').Sample} Sample */
/** @typedef {import('./watch.mjs').Cost} Cost */

/** Figures of a run: `tmpfs.put.ours`, `disk.limit.copy`, `machine.sha256`. */
export class Figures {
  /** @type {Map<string, Sample[]>} */
  #samples = new Map();

  /**
   * @param {string} name
   * @param {Record<string, Sample>} parts
   */
  add(name, parts) {
    for (const [part, sample] of Object.entries(parts)) {
      const key = `${name}.${part}`;
      this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample]);
    }
  }

  /** @param {string} key @returns {readonly Sample[]} */
  all(key) {
    return this.#samples.get(key) ?? [];
  }

  /** Names of all figures with a cost. */
  costly() {
    return [...this.#samples].filter(([, samples]) => samples.some(({ cost }) => cost)).map(([key]) => key);
  }

  /** @param {string} key @returns {number | undefined} */
  value(key) {
    return medianOf(this.all(key).map(({ value }) => value));
  }

  /**
   * The median of something that the samples cost.
   * @param {string} key
   * @param {(cost: Cost) => number} of
   * @returns {number | undefined}
   */
  cost(key, of) {
    return medianOf(this.all(key).flatMap(({ cost }) => (cost ? [of(cost)] : [])));
  }

  /**
   * The highest of something that the samples of some figures cost.
   * @param {readonly string[]} keys
   * @param {(cost: Cost) => number} of
   * @returns {number | undefined}
   */
  worst(keys, of) {
    const values = keys.flatMap((key) => this.all(key).flatMap(({ cost }) => (cost ? [of(cost)] : [])));
    return values.length === 0 ? undefined : Math.max(...values);
  }

  /**
   * Which of some figures has the highest of something that its samples cost.
   * @param {readonly string[]} keys
   * @param {(cost: Cost) => number} of
   * @returns {string | undefined}
   */
  worstOf(keys, of) {
    const highest = (/** @type {string} */ key) => this.worst([key], of) ?? -Infinity;
    return keys.filter((key) => highest(key) > -Infinity).toSorted((a, b) => highest(b) - highest(a))[0];
  }

  /** The sample in the middle. @param {string} key @returns {Sample | undefined} */
  middle(key) {
    const samples = this.all(key);
    return samples.toSorted((a, b) => a.value - b.value)[samples.length >> 1];
  }
}

/**
 * Processor time of all programs together, in seconds.
 * @param {Cost} cost
 */
export function processorOf({ processor }) {
  return processor.reduce((sum, { all }) => sum + all, 0);
}

/** @param {readonly number[]} values */
function medianOf(values) {
  return values.length === 0 ? undefined : median([...values]);
}
