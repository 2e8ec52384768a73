import type { Page } from 'playwright-core';

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
