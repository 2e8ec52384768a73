import { jest } from '@jest/globals';
import { Component, afterEveryRender, provideZonelessChangeDetection } from '@angular/core';
import { render } from '@testing-library/angular';
import { Uptime, type Running } from './uptime.js';

@Component({ selector: 'dfs-running', imports: [Uptime], template: '<span [dfsUptime]="running"></span>' })
class RunningNode {
  static seconds = 0;
  static renders = 0;
  protected readonly running: Running = { seconds: RunningNode.seconds, at: Date.now() };

  constructor() {
    RunningNode.renders = 0;
    afterEveryRender(() => RunningNode.renders++);
  }
}

describe('a running time', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const runs = async (seconds: number) => {
    RunningNode.seconds = seconds;
    const { container } = await render(RunningNode, { providers: [provideZonelessChangeDetection()] });
    return () => container.querySelector('span')?.textContent;
  };

  it('counts the seconds of its first minute', async () => {
    const text = await runs(3);
    expect(text()).toBe('3 s');
    await jest.advanceTimersByTimeAsync(5500);
    expect(text()).toBe('8 s');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(text()).toBe('1 min');
  });

  it('rests beyond that: the page is looked over once for ten seconds, not ten times', async () => {
    const text = await runs(3600 + 59);
    expect(text()).toBe('1 h');
    const before = RunningNode.renders;
    await jest.advanceTimersByTimeAsync(40_000);
    expect(text()).toBe('1 h 1 min');
    expect(RunningNode.renders - before).toBeLessThanOrEqual(4);
  });
});
