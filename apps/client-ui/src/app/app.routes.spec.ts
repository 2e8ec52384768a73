import { CONSOLE_PAGES } from '@dfs/contracts';
import { routes } from './app.routes.js';

describe('the pages of the console', () => {
  it('are those whose addresses the node answers with the console', () => {
    const pages = routes.map(({ path }) => path).filter((path) => path !== '' && path !== '**');
    expect(pages).toEqual([...CONSOLE_PAGES]);
  });
});
