/** Before a run of jest: once, however many projects it runs. */
module.exports = async function setUp() {
  const { joinPackages } = await import('./joined-packages.mjs');
  await joinPackages();
};
