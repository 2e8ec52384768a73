/** A row of the table, worked out of its plan and what was measured. */
import { figure } from '../lib/text.mjs';
import { processorOf } from './figures.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {{ least?: number, most?: number, isShare?: boolean }} Goal At least or at most so much, or such a share of what stands beside it. */
/**
 * @typedef {object} Row
 * @property {string} work
 * @property {number} ours
 * @property {string} unit
 * @property {number | undefined} processor Seconds of all nodes.
 * @property {number | undefined} beside In the same unit; undefined where there is none.
 * @property {number | undefined} itsProcessor
 * @property {string} besideIs
 * @property {string} goal Empty where there is none.
 * @property {boolean} met
 * @property {number} others The highest share of the machine that others took in a sample, 0 to 1.
 * @property {string} why What limits it.
 * @property {string} profiled The figure whose work a profile explains; empty where none does, as of memory.
 * @property {string} held Of memory: what holds it; empty where that is not known.
 */
/**
 * @typedef {object} Plan A row before it is worked out.
 * @property {string} work
 * @property {string} key
 * @property {string} unit
 * @property {number | undefined} [ours] In place of the median of the key.
 * @property {{ key?: string, value?: number | undefined, is: string }} [beside]
 * @property {boolean} [isComparison] Left out where there is nothing beside it.
 * @property {Goal} [goal]
 * @property {string} [profiled] Another figure than that of the key.
 * @property {string} [held] Of memory: what holds it.
 * @property {string} why
 */

const MiB = 1024 * 1024;

/**
 * None where nothing was measured, or nothing but what it stands beside.
 * @param {Figures} figures
 * @param {Plan} plan
 * @returns {Row[]}
 */
export function rowOf(figures, plan) {
  const { work, key, unit, isComparison, goal, why } = plan;
  const ours = 'ours' in plan ? plan.ours : figures.value(key);
  if (ours === undefined) return [];
  const besideKey = plan.beside?.key;
  const beside = plan.beside?.value ?? (besideKey === undefined ? undefined : figures.value(besideKey));
  if (isComparison && beside === undefined) return [];
  return [
    {
      work,
      ours,
      unit,
      processor: figures.cost(key, processorOf),
      beside,
      itsProcessor: besideKey === undefined ? undefined : figures.cost(besideKey, processorOf),
      besideIs: plan.beside?.is ?? '',
      ...judge(ours, beside, goal),
      others: figures.worst([key, ...(besideKey === undefined ? [] : [besideKey])], ({ others }) => others) ?? 0,
      why,
      profiled: plan.profiled ?? key,
      held: plan.held ?? '',
    },
  ];
}

/**
 * @param {number} ours
 * @param {number | undefined} beside
 * @param {Goal} [goal]
 */
function judge(ours, beside, goal) {
  if (goal === undefined || (goal.isShare && beside === undefined)) return { goal: '', met: false };
  const value = goal.isShare ? ours / (beside ?? NaN) : ours;
  const bound = goal.least ?? goal.most ?? NaN;
  const text = `${goal.least === undefined ? '≤' : '≥'} ${figure(bound)}${goal.isShare ? ' of it' : ''}`;
  return { goal: text, met: goal.least === undefined ? value <= bound : value >= bound };
}

/**
 * The share of a cost that falls to so many.
 * @param {number | undefined} cost
 * @param {number} of
 * @param {number} many
 */
export function each(cost, of, many) {
  return cost === undefined ? undefined : (cost * many) / of;
}

/**
 * Mebibytes of so many bytes.
 * @param {number | undefined} bytes
 */
export function mib(bytes) {
  return bytes === undefined ? undefined : bytes / MiB;
}
