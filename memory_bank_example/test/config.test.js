import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readConfig } from '../src/config.js';

const env = {
  DATABASE_URL: 'postgresql://localhost/parcels',
  REDIS_URL: 'redis://localhost:6379',
  CARRIER_API_KEY: 'k',
};

test('defaults stand in for what is optional', () => {
  const config = readConfig(env);
  assert.equal(config.port, 3000);
  assert.equal(config.logLevel, 'info');
  assert.equal(config.cacheTtlSeconds, 30);
});

for (const name of Object.keys(env)) {
  test(`${name} is required, and named when it is missing`, () => {
    assert.throws(() => readConfig({ ...env, [name]: '' }), new RegExp(`${name} is not set`));
  });
}

test('a port that is no number stops the start', () => {
  assert.throws(() => readConfig({ ...env, PORT: 'http' }), /PORT must be a positive whole number/);
});

test('an unknown log level stops the start', () => {
  assert.throws(() => readConfig({ ...env, LOG_LEVEL: 'loud' }), /LOG_LEVEL must be one of/);
});
