import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serve } from './support.js';

const fails = async () => {
  throw new Error('down');
};

test('healthy with both connections', async (t) => {
  const call = await serve(t);
  const response = await call('/api/health');
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'healthy', checks: { database: 'ok', cache: 'ok' } });
});

test('degraded, but ready, without the cache', async (t) => {
  const call = await serve(t, { checkCache: fails });
  const response = await call('/api/health');
  assert.equal(response.status, 200);
  assert.equal((await response.json()).status, 'degraded');
});

test('not ready without the database, and still alive', async (t) => {
  const call = await serve(t, { checkDatabase: fails });
  const response = await call('/api/health');
  assert.equal(response.status, 503);
  assert.deepEqual((await response.json()).checks, { database: 'failed', cache: 'ok' });
  assert.equal((await call('/api/health/live')).status, 200);
});

test('a failure shows nothing of its cause', async (t) => {
  const call = await serve(t, {
    checkDatabase: async () => {
      throw new Error('password authentication failed for user parcels');
    },
  });
  assert.doesNotMatch(await (await call('/api/health')).text(), /password|user/);
});
