module.exports = { preset: '../../jest.preset.cjs', displayName: 'purge' };
