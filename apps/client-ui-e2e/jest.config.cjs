module.exports = { preset: '../../jest.preset.cjs', displayName: 'client-ui-e2e' };
