import type { Block } from '../safety/verdict.js';

/** A block of the copies glyph in its tone, drawn within 12 by 12. */
interface Drawing {
  tone: string;
  within: string;
  dashes?: string;
}

const INSIDE = 'x="1.25" y="1.25" width="9.5" height="9.5" rx="2.5"';
/** Blocks that the icon of the tab tells: of files that are short, lost, or not known now. */
const DRAWN: Readonly<Partial<Record<Block, Drawing>>> = {
  half: { tone: '#b36d00', within: '<path d="M1 6h10v3a2 2 0 0 1-2 2H3a2 2 0 0 1-2-2z"/>' },
  crossed: { tone: '#c8352d', within: '<path d="M2.5 2.5l7 7m0-7l-7 7" stroke-width="2"/>' },
  dotted: { tone: '#868d9c', within: '', dashes: '2.2 2' },
};

/** Puts the mark into the tab, with the block of the copies glyph that says how the worst file is; the mark alone where no file is badly off. */
export function badge(document: Document, worst: Block | null): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (link === null) return;
  link.dataset['plain'] ??= link.href;
  const drawing = worst === null ? undefined : DRAWN[worst];
  const href = drawing === undefined ? link.dataset['plain'] : markWith(drawing, `${worst}`);
  if (href !== undefined && link.href !== href) link.href = href;
}

/** The blocks of the mark, and one of them larger: it has the name of its pattern as its id. */
function markWith({ tone, within, dashes = 'none' }: Drawing, id: string): string {
  const block = `<g id="${id}" transform="translate(13.5 13.5) scale(1.5)" fill="${tone}" stroke="${tone}"><rect ${INSIDE} fill="none" stroke-width="1.5" stroke-dasharray="${dashes}"/>${within}</g>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3641c8"/><g fill="#fff"><rect x="4" y="4" width="9" height="9" rx="2.25"/><rect x="15" y="4" width="9" height="9" rx="2.25"/><rect x="4" y="15" width="9" height="9" rx="2.25"/><rect x="13" y="13" width="19" height="19" rx="5"/></g>${block}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
