module.exports = {
  preset: '../../jest.preset.cjs',
  displayName: 'dfs-engine-e2e',
  testTimeout: 600000,
};
