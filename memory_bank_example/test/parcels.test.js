import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cachedParcels } from '../src/cache.js';
import { parcelStore } from '../src/parcels.js';
import { newTrackingNumber } from '../src/tracking-number.js';
import { API_KEY, serve, silent } from './support.js';

const NUMBER = newTrackingNumber(() => 42);
const PARCEL = { trackingNumber: NUMBER, recipientPostcode: '8001', weightGrams: 900, status: 'picked_up', events: [] };

test('anyone may look a parcel up', async (t) => {
  const call = await serve(t, { parcels: { find: async () => PARCEL } });
  const response = await call(`/api/parcels/${NUMBER}`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), PARCEL);
  assert.ok(response.headers.get('x-request-id'));
});

test('an unknown parcel is 404, a mistyped number 400', async (t) => {
  const call = await serve(t, { parcels: { find: async () => null } });
  assert.equal((await call(`/api/parcels/${NUMBER}`)).status, 404);
  assert.equal((await call('/api/parcels/PT0000000001')).status, 400);
});

test('only carriers write', async (t) => {
  const call = await serve(t);
  for (const key of [undefined, 'wrong']) {
    assert.equal((await call('/api/parcels', { body: {}, key })).status, 401);
    assert.equal((await call(`/api/parcels/${NUMBER}/events`, { body: {}, key })).status, 401);
  }
});

test('a parcel is created', async (t) => {
  const call = await serve(t, { parcels: { create: async (given) => ({ ...PARCEL, ...given }) } });
  const response = await call('/api/parcels', { body: { recipientPostcode: '8001', weightGrams: 900 }, key: API_KEY });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('location'), `/api/parcels/${NUMBER}`);
});

for (const [what, body] of Object.entries({
  'no weight': { recipientPostcode: '8001' },
  'too heavy': { recipientPostcode: '8001', weightGrams: 31_501 },
  'a postcode that is none': { recipientPostcode: '<8001>', weightGrams: 1 },
})) {
  test(`a parcel with ${what} is refused`, async (t) => {
    const call = await serve(t);
    assert.equal((await call('/api/parcels', { body, key: API_KEY })).status, 400);
  });
}

test('a fault is 500 and tells nothing', async (t) => {
  const call = await serve(t, {
    parcels: {
      find: async () => {
        throw Object.assign(new Error('relation "parcels" does not exist'), { code: '42P01' });
      },
    },
  });
  const response = await call(`/api/parcels/${NUMBER}`);
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { error: { code: 'internal', message: 'internal error' } });
});

// A pool that answers each query by the first line that fits it, and notes what was asked.
function poolOf(answers) {
  const asked = [];
  const query = async (sql) => {
    asked.push(sql.trim().split(/\s+/).slice(0, 2).join(' '));
    return { rows: answers.find(([start]) => sql.startsWith(start))?.[1] ?? [] };
  };
  return { asked, query, connect: async () => ({ query, release: () => asked.push('release') }) };
}

test('an event that does not fit the status is rolled back', async () => {
  const pool = poolOf([['SELECT status', [{ status: 'delivered' }]]]);
  const adding = parcelStore(pool).addEvent(NUMBER, { status: 'in_transit', location: 'Depot' });
  await assert.rejects(adding, { status: 409 });
  assert.deepEqual(pool.asked, ['BEGIN', 'SELECT status', 'ROLLBACK', 'release']);
});

test('an event moves the parcel in one transaction', async () => {
  const pool = poolOf([
    ['SELECT status', [{ status: 'picked_up' }]],
    ['INSERT INTO parcel_events', [{ status: 'in_transit', location: 'Depot' }]],
  ]);
  const event = await parcelStore(pool).addEvent(NUMBER, { status: 'in_transit', location: 'Depot' });
  assert.equal(event.status, 'in_transit');
  assert.deepEqual(pool.asked, ['BEGIN', 'SELECT status', 'UPDATE parcels', 'INSERT INTO', 'COMMIT', 'release']);
});

test('the second look-up comes from the cache, until an event arrives', async () => {
  const kept = new Map();
  let asked = 0;
  const store = {
    find: async () => {
      asked += 1;
      return PARCEL;
    },
    addEvent: async (_number, event) => event,
  };
  const redis = {
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value, options) => {
      assert.deepEqual(options, { EX: 30 });
      kept.set(key, value);
    },
    del: async (key) => kept.delete(key),
  };
  const parcels = cachedParcels(store, redis, 30, silent);
  await parcels.find(NUMBER);
  assert.deepEqual(await parcels.find(NUMBER), PARCEL);
  assert.equal(asked, 1);
  await parcels.addEvent(NUMBER, { status: 'in_transit' });
  await parcels.find(NUMBER);
  assert.equal(asked, 2);
});

test('without Redis the database answers', async () => {
  const down = async () => {
    throw new Error('connect ECONNREFUSED');
  };
  const parcels = cachedParcels({ find: async () => PARCEL }, { get: down, set: down, del: down }, 30, silent);
  assert.deepEqual(await parcels.find(NUMBER), PARCEL);
});
