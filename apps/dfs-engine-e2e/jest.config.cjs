module.exports = {
  preset: '../../jest.preset.cjs',
  displayName: 'dfs-engine-e2e',
  // Each spec starts processes of its own: one after another on a machine with two cores.
  maxWorkers: 1,
  testTimeout: 240000,
};
