import { isTooOld } from './runtime-flags.js';

describe('the Node that the engine runs under', () => {
  it.each(['18.20.0', '20.20.2', '22.14.0', '24.0.0', '24.14.9'])('is too old at %s', (version) => {
    expect(isTooOld(version)).toBe(true);
  });

  it.each(['24.15.0', '24.21.0', '25.0.0', '26.1.0'])('will do at %s', (version) => {
    expect(isTooOld(version)).toBe(false);
  });
});
