module.exports = { preset: '../../jest.preset.cjs', displayName: 'dfs-cli' };
