import { DOCUMENT, DestroyRef, Directive, ElementRef, Service, inject, input } from '@angular/core';

/** From pointing at something to its tip, in milliseconds; by the keyboard at once. */
const DELAY_MS = 400;
/** Between a tip and what it is about, and to the edges of the window. CSS pixels. */
const GAP = 8;

/** The one tip that can be shown at a time. */
@Service()
export class Tips {
  readonly #document = inject(DOCUMENT);
  #box: HTMLElement | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(host: HTMLElement, text: string, delayMs: number): void {
    this.hide();
    this.#timer = setTimeout(() => this.#open(host, text), delayMs);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#box?.remove();
    this.#box = null;
  }

  #open(host: HTMLElement, text: string): void {
    const box = this.#document.createElement('div');
    box.className = 'tip';
    box.setAttribute('aria-hidden', 'true');
    box.textContent = text;
    // Within a dialog, or the dialog would cover it.
    (host.closest<HTMLElement>('[popover]') ?? this.#document.body).append(box);
    const place = host.getBoundingClientRect();
    const { width, height } = box.getBoundingClientRect();
    const { clientWidth, clientHeight } = this.#document.documentElement;
    const below = place.bottom + GAP + height <= clientHeight;
    const left = Math.max(GAP, Math.min(clientWidth - width - GAP, place.left + (place.width - width) / 2));
    box.style.insetInlineStart = `${left}px`;
    box.style.insetBlockStart = `${below ? place.bottom + GAP / 2 : place.top - height - GAP / 2}px`;
    this.#box = box;
  }
}

/** Words that appear beside the host when one points at it or comes to it by the keyboard; said as its description. */
@Directive({
  selector: '[dfsTip]',
  host: {
    '[attr.aria-description]': 'text() || null',
    '(pointerenter)': '$event.pointerType !== "touch" && show()',
    '(pointerleave)': 'hide()',
    '(pointerdown)': 'hide()',
    '(focus)': 'focused()',
    '(blur)': 'hide()',
    '(keydown.escape)': 'hide()',
  },
})
export class Tip {
  readonly #tips = inject(Tips);
  readonly #host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  readonly text = input.required<string>({ alias: 'dfsTip' });

  constructor() {
    inject(DestroyRef).onDestroy(() => this.hide());
  }

  protected show(delayMs: number = DELAY_MS): void {
    if (this.text() !== '') this.#tips.show(this.#host, this.text(), delayMs);
  }

  protected focused(): void {
    if (this.#host.matches(':focus-visible')) this.show(0);
  }

  protected hide(): void {
    this.#tips.hide();
  }
}
