/** jsdom has no layout: gives each element some room, since rows are seen only if there is room for them. */
export function giveRoom(): void {
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, get: () => 600 });
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, get: () => 1000 });
  HTMLElement.prototype.scrollTo = () => undefined;
  if ('matchMedia' in globalThis) return;
  const matchMedia = (media: string) =>
    ({ media, matches: false, addListener: () => undefined, removeListener: () => undefined }) as never;
  Object.assign(globalThis, { matchMedia });
}
