module.exports = { preset: '../../jest.preset.cjs', displayName: 'live-folders' };
