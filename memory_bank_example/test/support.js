import { createApp } from '../src/app.js';

export const API_KEY = 'key-of-the-tests';
export const silent = { debug() {}, info() {}, warn() {}, error() {} };

// The application on a free port of the loopback interface, with what the test hands in for its connections.
export async function serve(t, parts = {}) {
  const app = createApp({
    parcels: {},
    checkDatabase: async () => {},
    checkCache: async () => {},
    carrierApiKey: API_KEY,
    log: silent,
    ...parts,
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const base = `http://127.0.0.1:${server.address().port}`;
  return (path, { body, key } = {}) =>
    fetch(base + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { connection: 'close', 'content-type': 'application/json', ...(key && { 'x-api-key': key }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
}
