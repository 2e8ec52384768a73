const { ModernFakeTimers } = require('@jest/fake-timers');
const { TestEnvironment } = require('jest-environment-node');

/** Its fake timers take the place of Node's own: specs run outside of the sandbox. */
module.exports = class SharedEnvironment extends TestEnvironment {
  /** @param {ConstructorParameters<typeof TestEnvironment>} args */
  constructor(...args) {
    super(...args);
    this.fakeTimersModern = new ModernFakeTimers({ config: args[0].projectConfig, global: globalThis });
  }
};
