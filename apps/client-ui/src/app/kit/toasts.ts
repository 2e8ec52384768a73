import {
  ApplicationRef,
  Component,
  EnvironmentInjector,
  Service,
  createComponent,
  inject,
  signal,
} from '@angular/core';
import { mdiClose } from '@mdi/js';
import { Icon } from './icon.js';
import { visibleName } from './words/names.js';

/** A short message on what was done, or was not. */
export interface Toast {
  text: string;
  /** The next step, in a word or two. */
  action?: string;
  /** Done by the action. */
  run?: () => void;
  /** Milliseconds; failures stay longer. */
  durationMs?: number;
  tone?: 'plain' | 'bad';
}

/** Milliseconds. */
const DURATION_MS = 8000;
/** A place that comes together with its words is not read out: the first message waits until the place is known. Milliseconds. */
const UNTIL_HEARD_MS = 100;
/** Older ones give way. */
const MAX_SHOWN = 3;

/** Messages in the corner, the newest below. They go by themselves, but not while one points at them or is on a button of theirs. */
@Service()
export class Toasts {
  readonly #app = inject(ApplicationRef);
  readonly #injector = inject(EnvironmentInjector);
  readonly #shown = signal<readonly (Toast & { id: number })[]>([]);
  #lastId = 0;
  #outlet = false;
  #isHeld = false;
  /** Those whose time was over while they were held. */
  readonly #due = new Set<number>();

  readonly shown = this.#shown.asReadonly();

  show(toast: Toast): void {
    const id = ++this.#lastId;
    const add = () => this.#shown.update((shown) => [...shown, { ...toast, id }].slice(-MAX_SHOWN));
    if (this.#open()) setTimeout(add, UNTIL_HEARD_MS);
    else add();
    setTimeout(() => (this.#isHeld ? this.#due.add(id) : this.dismiss(id)), toast.durationMs ?? DURATION_MS);
  }

  /** Messages stay for as long as they are held. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) return;
    for (const id of this.#due) this.dismiss(id);
    this.#due.clear();
  }

  dismiss(id: number): void {
    this.#shown.update((shown) => shown.filter((toast) => toast.id !== id));
  }

  /** The place of the messages is made for the first one. Answers whether it was made now. */
  #open(): boolean {
    if (this.#outlet) return false;
    this.#outlet = true;
    const outlet = createComponent(ToastOutlet, { environmentInjector: this.#injector });
    this.#app.attachView(outlet.hostView);
    document.body.append(outlet.location.nativeElement as HTMLElement);
    outlet.onDestroy(() => (outlet.location.nativeElement as HTMLElement).remove());
    return true;
  }
}

@Component({
  selector: 'dfs-toasts',
  imports: [Icon],
  template: `
    <div
      role="status"
      aria-live="polite"
      (mouseenter)="toasts.hold(true)"
      (mouseleave)="toasts.hold(false)"
      (focusin)="toasts.hold(true)"
      (focusout)="toasts.hold(false)"
    >
      @for (toast of toasts.shown(); track toast.id) {
        <div class="toast" [class.bad]="toast.tone === 'bad'">
          <p dir="auto">{{ visibleName(toast.text) }}</p>
          @if (toast.action; as action) {
            <button class="bare act" type="button" (click)="run(toast)">{{ action }}</button>
          }
          <button
            class="bare close"
            type="button"
            aria-label="Close the message"
            i18n-aria-label
            (click)="leave(toast.id)"
          >
            <dfs-icon [path]="close" [size]="18" />
          </button>
        </div>
      }
    </div>
  `,
  styles: `
    /* Beside the navigation, whose last entry has to be within reach. */
    :host {
      position: fixed;
      z-index: 1500;
      inset: auto auto 20px 216px;
      width: min(460px, calc(100vw - 236px));
      pointer-events: none;
    }
    .toast {
      display: flex;
      align-items: center;
      gap: 12px;
      margin-top: 8px;
      padding: 10px 12px 10px 16px;
      border-radius: var(--radius);
      background: light-dark(#1c2029, #e9ebf1);
      color: light-dark(#ffffff, #12151d);
      box-shadow: var(--shadow-high);
      pointer-events: auto;
      animation: rise var(--slow) ease-out;
    }
    .bad {
      border-inline-start: 4px solid var(--bad-fill);
    }
    p {
      flex: 1;
      min-width: 0;
      overflow-wrap: anywhere;
    }
    button {
      min-height: 32px;
      border-radius: var(--radius-small);
    }
    .act {
      flex: none;
      padding: 0 8px;
      color: light-dark(#bcc3ff, #2831a4);
      font-weight: 600;
    }
    .close {
      display: grid;
      place-items: center;
      width: 32px;
    }
    :focus-visible {
      outline-color: currentColor;
      outline-offset: 0;
    }
    @keyframes rise {
      from {
        opacity: 0;
        transform: translateY(12px);
      }
    }
    @media (forced-colors: active) {
      .toast {
        border: 1px solid CanvasText;
      }
    }
    @media (max-width: 900px) {
      :host {
        inset: auto auto 20px 76px;
        width: min(460px, calc(100vw - 88px));
      }
    }
    @media (max-width: 600px) {
      :host {
        inset: auto 12px 76px 12px;
        width: auto;
      }
    }
  `,
})
class ToastOutlet {
  protected readonly toasts = inject(Toasts);
  protected readonly close = mdiClose;
  protected readonly visibleName = visibleName;

  protected run(toast: Toast & { id: number }): void {
    this.leave(toast.id);
    toast.run?.();
  }

  /** Nobody points at a message that is gone. */
  protected leave(id: number): void {
    this.toasts.dismiss(id);
    this.toasts.hold(false);
  }
}
