import { Injector, afterNextRender, effect, inject, untracked, type ElementRef } from '@angular/core';

/**
 * Where a part that has the focus goes away, the focus goes on: without that, the next key would be for nobody. Within an injection
 * context of the component that draws the part.
 * @param goes whether the part is away from now on
 * @param part that is going; still drawn when it is asked for
 * @param next brings the focus on, once what takes the place of the part is drawn
 */
export function focusInstead(
  goes: () => boolean,
  part: () => ElementRef<HTMLElement> | undefined,
  next: () => void,
): void {
  const injector = inject(Injector);
  effect(() => {
    if (!goes()) return;
    const hasFocus = untracked(part)?.nativeElement.contains(document.activeElement);
    if (hasFocus) afterNextRender(next, { injector });
  });
}
