module.exports = { preset: '../../jest.preset.cjs', displayName: 'node' };
