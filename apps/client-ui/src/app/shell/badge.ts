import type { Tone } from '../safety/verdict.js';

/** Tones that the icon of the tab tells. */
const FILLS: Partial<Record<Tone, string>> = { warn: '#e5a83e', bad: '#e0463c' };

/** Puts the mark with a badge of the tone into the tab; without a badge where all is well, or nobody knows. */
export function badge(document: Document, tone: Tone | null): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (link === null) return;
  link.dataset['plain'] ??= link.href;
  const fill = tone === null ? undefined : FILLS[tone];
  const href = fill === undefined ? link.dataset['plain'] : markWith(fill);
  if (href !== undefined && link.href !== href) link.href = href;
}

function markWith(fill: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3641c8"/><g fill="#fff"><rect x="6" y="6" width="9" height="9" rx="2.25"/><rect x="17" y="6" width="9" height="9" rx="2.25"/><rect x="6" y="17" width="9" height="9" rx="2.25"/></g><circle cx="23" cy="23" r="8.5" fill="${fill}" stroke="#fff" stroke-width="2"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
