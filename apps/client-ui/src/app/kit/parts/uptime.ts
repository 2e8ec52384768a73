import { DestroyRef, Directive, ElementRef, effect, inject, input } from '@angular/core';
import { Clock } from '../clock.js';
import { formatUptime } from '../words/times.js';

/** How long something had been running at a moment: seconds, and milliseconds since 1970. */
export interface Running {
  seconds: number;
  at: number;
}

/** A running time that ticks as the text of its host: each second a text is written, and nothing else is looked over. */
@Directive({ selector: '[dfsUptime]' })
export class Uptime {
  readonly running = input.required<Running | null>({ alias: 'dfsUptime' });
  readonly #host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  constructor() {
    effect(() => this.#write(Date.now()));
    inject(DestroyRef).onDestroy(inject(Clock).eachSecond((now) => this.#write(now)));
  }

  #write(now: number): void {
    const running = this.running();
    const text = running === null ? '–' : formatUptime(running.seconds + Math.max(0, now - running.at) / 1000);
    if (this.#host.textContent !== text) this.#host.textContent = text;
  }
}
