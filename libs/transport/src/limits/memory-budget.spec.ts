import { MemoryBudget } from './memory-budget.js';

describe('MemoryBudget', () => {
  it('counts in all and for each', () => {
    const budget = new MemoryBudget(100, 60);
    expect(budget.take('a', 60)).toBe(true);
    expect(budget.take('a', 1)).toBe(false);
    expect(budget.take('b', 39)).toBe(true);
    expect(budget.take('b', 1)).toBe(false);
    expect(budget.heaviest()).toBe('a');
    budget.release('a', 61);
    expect(budget.heaviest()).toBe('b');
    expect([budget.total, budget.held('a')]).toEqual([40, 0]);
    budget.release('b', 40);
    expect([budget.total, budget.heaviest()]).toEqual([0, undefined]);
  });
});
