import type { Locator, Page } from 'playwright-core';

/** Names of animations that take longer than a moment, in a page from its next load on. Answers those so far. */
export async function watchMotion(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const moved = new Set<string>();
    Object.assign(globalThis, { moved });
    const look = () => {
      for (const animation of document.getAnimations()) {
        const { duration } = animation.effect?.getComputedTiming() ?? {};
        const name = (animation as CSSAnimation).animationName ?? (animation as CSSTransition).transitionProperty;
        // Colours may change.
        if (typeof duration === 'number' && duration > 1) moved.add(`${name} for ${duration} ms`);
      }
    };
    for (const type of ['animationstart', 'transitionrun']) document.addEventListener(type, look, { capture: true });
  });
  return () => page.evaluate(() => [...(globalThis as unknown as { moved: Set<string> }).moved]);
}

/** More stops than any page has. */
const MAX_STOPS = 150;

/** Goes over all places that Tab comes to: their names, and what is wrong with them (without a name, not marked, not in the window). */
export async function focusStops(page: Page): Promise<{ names: string[]; faults: string[] }> {
  const names: string[] = [];
  const faults: string[] = [];
  for (let n = 0; n < MAX_STOPS; n++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body || element.dataset['stop'] === 'seen')
        return null;
      element.dataset['stop'] = 'seen';
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels : null;
      const text = element.getAttribute('aria-label') ?? labels?.[0]?.innerText ?? element.innerText;
      const name = text.trim().split('\n')[0] ?? '';
      // A field is marked by its frame.
      const isMarked = [element, element.parentElement].some((one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one ?? element);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
      });
      const { left, top, right, bottom } = element.getBoundingClientRect();
      const isInside = right > left && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
      return { name, isMarked, isInside };
    });
    if (stop === null) break;
    if (stop.name === '') faults.push(`without a name, after ${names.at(-1)}`);
    if (!stop.isMarked) faults.push(`not marked: ${stop.name}`);
    if (!stop.isInside) faults.push(`not in the window: ${stop.name}`);
    names.push(stop.name);
  }
  return { names, faults };
}

/** Watches what a page takes away and makes anew, from now on. Answers what it was so far. */
export async function watchFlicker(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const flicker: string[] = [];
    Object.assign(globalThis, { flicker });
    const kept = '[data-path], article, .card';
    const placeholders = '.bone, .bones';
    const within = (node: Node, selector: string) =>
      node instanceof Element && (node.matches(selector) || node.querySelector(selector) !== null);
    const look = (changes: MutationRecord[]) => {
      for (const { removedNodes, addedNodes } of changes) {
        for (const node of removedNodes) if (within(node, kept)) flicker.push(`gone: ${node.textContent}`);
        for (const node of addedNodes) if (within(node, placeholders)) flicker.push('a placeholder');
      }
    };
    const main = document.querySelector('main');
    if (main === null) throw new Error('no page');
    new MutationObserver(look).observe(main, { childList: true, subtree: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { flicker: string[] }).flicker);
}

/** Whether an element lies in the window, with its middle, and nothing lies over that. */
export function isUncovered(of: Locator): Promise<boolean> {
  return of.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const at = document.elementFromPoint(left + width / 2, top + height / 2);
    return at !== null && (element.contains(at) || at.contains(element));
  });
}
