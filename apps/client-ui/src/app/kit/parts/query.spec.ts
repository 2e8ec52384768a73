import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { NavigationEnd, Router, provideRouter } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { filter, firstValueFrom } from 'rxjs';
import { changeQuery } from './query.js';

@Component({ template: '' })
class Page {}

describe('the query of a page', () => {
  let router: Router;
  let loaded: () => void;

  beforeEach(async () => {
    const loading = new Promise<void>((done) => (loaded = done));
    TestBed.configureTestingModule({
      providers: [
        provideRouter([
          { path: 'here', component: Page },
          { path: 'there', loadComponent: () => loading.then(() => Page) },
        ]),
      ],
    });
    await RouterTestingHarness.create('/here?kept=1');
    router = TestBed.inject(Router);
  });

  it('is changed in part', async () => {
    const ended = firstValueFrom(router.events.pipe(filter((event) => event instanceof NavigationEnd)));
    changeQuery(router, { q: 'x' });
    await ended;
    expect(router.url).toBe('/here?kept=1&q=x');
  });

  it('stays as it is while another page is loaded, which opens', async () => {
    const arrives = router.navigateByUrl('/there');
    changeQuery(router, { q: 'x' });
    loaded();
    expect(await arrives).toBe(true);
    expect(router.url).toBe('/there');
  });
});
