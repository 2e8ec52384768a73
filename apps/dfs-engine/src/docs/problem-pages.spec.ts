import 'reflect-metadata';
import { ERROR_STATUS, type ErrorCode } from '@dfs/contracts';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';
import { PROBLEM_TEXTS } from './problem-texts.js';

describe('the pages of problems', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());

  it('are at the address that is the type of a problem, for those without a token too', async () => {
    const { problem } = await test.call('/api/v1/files');
    expect(problem).toMatchObject({ code: 'unauthorized', type: '/api/problems/unauthorized' });
    const page = await test.call(problem.type);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain(PROBLEM_TEXTS.unauthorized.todo);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'/);
  });

  it('say of every code what it means and what to do', async () => {
    const list = await test.call('/api/problems');
    for (const code of Object.keys(ERROR_STATUS) as ErrorCode[]) {
      const page = await test.call(`/api/problems/${code}`);
      expect(page.status).toBe(200);
      expect(page.text).toContain(`<h1>${code}</h1>`);
      expect(list.text).toContain(`href="problems/${code}"`);
      for (const sentence of [PROBLEM_TEXTS[code].means, PROBLEM_TEXTS[code].todo])
        expect(sentence).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('are none for what is no code', async () => {
    for (const code of ['nonsense', 'toString', '%3Cscript%3E', '%E0']) {
      const { status, problem, text } = await test.call(`/api/problems/${code}`);
      expect([code, status, problem.code].slice(1)).toEqual(code === '%E0' ? [400, 'bad-request'] : [404, 'not-found']);
      expect(text).not.toContain('<script>');
    }
  });
});
