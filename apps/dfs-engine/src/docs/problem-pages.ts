import { STATUS_CODES } from 'node:http';
import type { HttpServer } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { ERROR_STATUS, PROBLEMS_PATH, RETRYABLE_CODES, type ErrorCode } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import { PROBLEM_TEXTS } from './problem-texts.js';

/**
 * Serves a page for each code at the address that is its `type`, and a list of all. They are open: a person who got a problem
 * may have no token, and they say nothing of this node.
 */
export function serveProblemPages(app: NestExpressApplication): void {
  const http = app.getHttpAdapter() as HttpServer;
  http.get(PROBLEMS_PATH, (_request: Request, response: Response) => send(response, listPage()));
  http.get(`${PROBLEMS_PATH}/:code`, (request: Request, response: Response) => {
    const { code } = request.params;
    if (typeof code !== 'string' || !isCode(code)) {
      throw new DfsError('not-found', `No problem has that code. ${PROBLEMS_PATH} lists them all.`);
    }
    send(response, problemPage(code));
  });
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_STATUS, text);
}

function send(response: Response, html: string): void {
  response.setHeader('Cache-Control', 'no-cache');
  response.type('html').send(html);
}

function problemPage(code: ErrorCode): string {
  const status = ERROR_STATUS[code];
  const { means, todo } = PROBLEM_TEXTS[code];
  const again = RETRYABLE_CODES.has(code)
    ? 'The same request may succeed later without being changed.'
    : 'The same request fails again until something is changed.';
  return page(code, [
    `<h1>${code}</h1>`,
    `<p>HTTP status ${status}${STATUS_CODES[status] ? ` ${STATUS_CODES[status]}` : ''}</p>`,
    `<h2>What it means</h2><p>${escaped(means)}</p>`,
    `<h2>What to do</h2><p>${escaped(todo)}</p><p>${again}</p>`,
    `<p><a href="../problems">All problems</a></p>`,
  ]);
}

function listPage(): string {
  const rows = (Object.keys(ERROR_STATUS) as ErrorCode[]).map(
    (code) =>
      `<li><a href="problems/${code}">${code}</a> (${ERROR_STATUS[code]}): ${escaped(PROBLEM_TEXTS[code].means)}</li>`,
  );
  return page('Problems', ['<h1>Problems</h1>', `<ul>${rows.join('\n')}</ul>`]);
}

function page(title: string, parts: string[]): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>DFS: ${title}</title>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body>\n${parts.join('\n')}\n</body></html>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
