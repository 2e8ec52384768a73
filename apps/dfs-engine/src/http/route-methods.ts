import type { NestExpressApplication } from '@nestjs/platform-express';
import type { MethodsOf } from './error.filter.js';

/** What this needs of a layer of Express's router. */
interface Layer {
  route?: { methods: Record<string, boolean>; path: unknown };
  match(path: string): boolean;
}

/** Reads from the router which methods an address takes. */
export function methodsFrom(app: NestExpressApplication): MethodsOf {
  return (path) => {
    const { router } = app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
    const methods = new Set<string>();
    for (const layer of router.stack) {
      if (!layer.route || !matches(layer, path)) continue;
      for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
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
