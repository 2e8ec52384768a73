/** `nx serve client-ui` shows the console from source; everything else comes from an engine that runs already. */
const target = process.env['ENGINE_URL'] ?? 'http://127.0.0.1:3000';

export default {
  '/api': { target, changeOrigin: true, headers: { origin: target } },
  '/health': { target, changeOrigin: true },
  '/socket.io': { target, ws: true, changeOrigin: true, headers: { origin: target } },
};
