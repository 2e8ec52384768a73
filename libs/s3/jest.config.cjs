module.exports = { preset: '../../jest.preset.cjs', displayName: 's3' };
