import { Component, computed, input } from '@angular/core';

/** Above this share a store is called nearly full. */
const NEARLY_FULL = 0.9;

/** Widths of a bar. */
const STEPS = 500;

/** A thin bar: how much of something is used. */
@Component({
  selector: 'dfs-meter',
  template: `<span
    class="fill"
    [class.some]="used() > 0"
    [class.full]="share() > nearlyFull"
    [style.inline-size.%]="filled()"
  ></span>`,
  host: {
    role: 'meter',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    '[attr.aria-valuenow]': 'percent()',
    '[attr.aria-label]': 'label()',
  },
  styles: `
    :host {
      display: block;
      height: 5px;
      border-radius: 3px;
      overflow: hidden;
      background: var(--sunken);
    }
    .fill {
      display: block;
      height: 100%;
      border-radius: 3px;
      background: var(--accent);
      transition: inline-size 300ms;
    }
    .some {
      min-width: 3px;
    }
    .full {
      background: var(--warn);
    }
    @media (forced-colors: active) {
      :host {
        height: 7px;
        border: 1px solid CanvasText;
      }
      .fill {
        background: CanvasText;
        forced-color-adjust: none;
      }
    }
  `,
})
export class Meter {
  readonly used = input.required<number>();
  readonly of = input.required<number>();
  readonly label = input.required<string>();
  protected readonly nearlyFull = NEARLY_FULL;
  protected readonly share = computed(() => (this.of() > 0 ? Math.min(1, Math.max(0, this.used() / this.of())) : 0));
  /** In steps that can be seen: a disk that others write to changes each moment. */
  protected readonly filled = computed(() => Math.round(this.share() * STEPS) / (STEPS / 100));
  protected readonly percent = computed(() => Math.round(this.share() * 100));
}
