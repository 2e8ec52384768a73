import { render, screen } from '@testing-library/angular';
import { ApiProblem, PROBLEM_MESSAGES, type ProblemCode } from '@dfs/client-data';
import { Notice } from '../app/kit/notice.js';
import texts from './de.json' with { type: 'json' };

const german: Readonly<Record<string, string>> = texts;
const codes = Object.keys(PROBLEM_MESSAGES) as ProblemCode[];
/** Nothing that only those understand who wrote it. */
const JARGON = /undefined|null\b|exception|stack|ECONN|\{\$|\[object/i;

describe('each problem', () => {
  it.each(codes)('%s is said plainly in both languages', (code) => {
    const { title, next } = PROBLEM_MESSAGES[code];
    for (const [headline, advice] of [
      [title, next],
      [german[title] ?? '', german[next] ?? ''],
    ]) {
      expect(headline).toMatch(/^\p{Lu}.{5,70}[^.!]$/u);
      expect(advice).toMatch(/^\p{Lu}.{10,190}\.$/u);
      expect(`${headline} ${advice}`).not.toMatch(JARGON);
    }
    expect(german[title]).not.toBe(title);
    expect(german[next]).not.toBe(next);
  });

  it.each(codes)('%s is shown as what it is, and what a node quotes in it can do nothing', async (code) => {
    const detail = 'About “photo\u202Egpj.exe” and <img src=x onerror=alert(1)>.';
    const problem = new ApiProblem({ code, detail, requestId: 'r-7' });
    const { container } = await render(Notice, { inputs: { problem, retryable: problem.retryable } });
    // The button that copies has a status of its own in it.
    const [notice] = screen.getAllByRole(problem.harmless ? 'status' : 'alert');
    expect(notice?.textContent).toContain(PROBLEM_MESSAGES[code].title);
    expect(notice?.textContent).toContain('About “photo□gpj.exe” and <img src=x onerror=alert(1)>.');
    expect(notice?.textContent).toContain('r-7');
    expect(container.querySelector('img')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Try again' }) !== null).toBe(problem.retryable);
  });
});
