import { DOCUMENT, DestroyRef, Directive, ElementRef, effect, inject, input } from '@angular/core';
import { Clock } from '../clock.js';
import { formatUptime } from '../words/times.js';

/** How long something had been running at a moment: seconds, and milliseconds since 1970. */
export interface Running {
  seconds: number;
  at: number;
}

/**
 * A running time that ticks as the text of its host: each second a text is written, and nothing else is looked over or laid out.
 * Its host is a block, and no item of a flex box or grid: those are laid out with all that stands in them.
 */
@Directive({ selector: '[dfsUptime]' })
export class Uptime {
  readonly running = input.required<Running | null>({ alias: 'dfsUptime' });
  readonly #style = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement.style;
  readonly #text = inject(DOCUMENT).createTextNode('');
  #end: (() => void) | null = null;

  constructor() {
    inject<ElementRef<HTMLElement>>(ElementRef).nativeElement.append(this.#text);
    // A box of its own size: what stands around it is not laid out anew by each tick.
    this.#style.setProperty('display', 'block');
    this.#style.setProperty('contain', 'size layout style');
    this.#style.setProperty('block-size', '1lh');
    const clock = inject(Clock);
    effect(() => {
      this.#write(Date.now());
      if (this.running() === null) this.#stop();
      else this.#end ??= clock.eachSecond((now) => this.#write(now));
    });
    inject(DestroyRef).onDestroy(() => this.#stop());
  }

  #stop(): void {
    this.#end?.();
    this.#end = null;
  }

  #write(now: number): void {
    const running = this.running();
    const text = running === null ? '–' : formatUptime(running.seconds + Math.max(0, now - running.at) / 1000);
    const before = this.#text.data;
    if (before === text) return;
    this.#text.data = text;
    if (before.length !== text.length) this.#style.setProperty('inline-size', `${text.length}ch`);
  }
}
