/** Real browsers and real nodes on a machine that may be busy: a test may take a while before it is called hung. */
module.exports = { preset: '../../jest.preset.cjs', displayName: 'client-ui-e2e', testTimeout: 600000 };
