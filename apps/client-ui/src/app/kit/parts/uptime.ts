import { Directive, computed, inject, input } from '@angular/core';
import { Clock } from '../clock.js';
import { formatUptime } from '../words/times.js';

/** How long something had been running at a moment: seconds, and milliseconds since 1970. */
export interface Running {
  seconds: number;
  at: number;
}

/** Seconds of a running time that are told one by one. */
const COUNTED = 60;

/** A running time as the text of its host. It changes no oftener than its words do: a page at rest draws nothing. */
@Directive({ selector: '[dfsUptime]', host: { '[textContent]': 'text()' } })
export class Uptime {
  readonly running = input.required<Running | null>({ alias: 'dfsUptime' });
  readonly #clock = inject(Clock);
  protected readonly text = computed(() => {
    const running = this.running();
    if (running === null) return '–';
    const secondsAt = (now: number): number => running.seconds + Math.max(0, now - running.at) / 1000;
    const seconds = secondsAt(this.#clock.slow());
    return formatUptime(seconds < COUNTED ? secondsAt(this.#clock.now()) : seconds);
  });
}
