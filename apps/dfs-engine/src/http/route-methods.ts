import type { NestExpressApplication } from '@nestjs/platform-express';
import type { MethodsOf } from './error.filter.js';

/** A layer of Express's router, as far as it is used here. */
interface Layer {
  route?: { methods: Record<string, boolean>; path: unknown };
  match(path: string): boolean;
}

/** More than any route of ours takes. */
const MOST_METHODS = 8;

/** Reads from the router which methods an address takes. */
export function methodsFrom(app: NestExpressApplication): MethodsOf {
  return (path) => {
    const { router } = app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
    const methods = new Set<string>();
    for (const layer of router.stack) {
      const own = Object.keys(layer.route?.methods ?? {});
      // Middleware stands in the router as a route of every method there is.
      if (own.length === 0 || own.length > MOST_METHODS || !matches(layer, path)) continue;
      for (const method of own) methods.add(method.toUpperCase());
    }
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].sort();
  };
}

/** A path whose encoding is broken matches nothing. */
function matches(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
