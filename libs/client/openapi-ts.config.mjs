/** The client is generated from the engine's API document before each build; see `nx generate client`. */
export default {
  input: '../../apps/dfs-engine/openapi.json',
  output: { path: 'src/generated', module: { extension: '.js' } },
  plugins: [{ name: '@hey-api/client-fetch', baseUrl: false }, '@hey-api/typescript', '@hey-api/sdk'],
};
