const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { default: Runtime } = require('jest-runtime');
const { sourceMaps } = require('./test-sources.cjs');

/** Makes a spec's own `describe`, `it` and `expect`. */
const FRAMEWORK = join(dirname(require.resolve('jest-circus')), 'jestAdapterInit.js');
const HANDLERS = Symbol.for('EVENT_HANDLERS');

/**
 * Has Node load a spec and all that it imports. A module is loaded and compiled once in a worker; the sandbox of jest would load a
 * thousand of them anew for each spec, run them cold, and never let go of them. Specs share what modules keep to themselves, as all
 * of a process does: it must not depend on who came before.
 */
class SharedRuntime extends Runtime {
  unstable_shouldLoadAsEsm() {
    return true;
  }

  /** @param {string} file */
  async unstable_importModule(file) {
    return import(pathToFileURL(file).href);
  }

  /** @param {import('@jest/environment').JestEnvironment['global']} globals */
  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    Object.assign(globalThis, globals, { jest: this.jestGlobals.jestObjectFor(this._testPath) });
  }

  /**
   * The framework has to be of the same realm as the spec, or its `Number` would be another; and fresh, since it keeps the tests of a
   * spec.
   * @param {string} from
   * @param {string} [to]
   */
  requireInternalModule(from, to) {
    if (to !== undefined || from !== FRAMEWORK) return super.requireInternalModule(from, to);
    delete require.cache[FRAMEWORK];
    Reflect.deleteProperty(globalThis, HANDLERS);
    return require(FRAMEWORK);
  }

  getSourceMaps() {
    return sourceMaps;
  }
}

// As a transpiled module says that it has a default: jest looks for that.
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = SharedRuntime;
