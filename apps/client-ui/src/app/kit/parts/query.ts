import type { Params, Router, UrlTree } from '@angular/router';

/**
 * Changes the query of the page that is shown. Once a person has set out for another page nothing is changed: the change, which may come
 * late, would call that off.
 */
export function changeQuery(router: Router, queryParams: Params, replaceUrl = true): void {
  const under = router.currentNavigation();
  const to = under?.finalUrl ?? under?.extractedUrl;
  if (to !== undefined && pathOf(router, to) !== pathOf(router, router.parseUrl(router.url))) return;
  void router.navigate([], { queryParams, queryParamsHandling: 'merge', replaceUrl });
}

function pathOf(router: Router, url: UrlTree): string {
  return router.serializeUrl(url).replace(/[?#].*/, '');
}
