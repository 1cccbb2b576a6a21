// Every setting comes from the environment and is checked once, at start: a missing or misspelt one stops the process
// with a message that names it, not a request an hour later.

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

function required(env, name) {
  if (!env[name]) throw new Error(`${name} is not set`);
  return env[name];
}

function positiveInteger(env, name, fallback) {
  const value = Number(env[name] ?? fallback);
  if (!Number.isInteger(value) || value <= 0) throw new Error(`${name} must be a positive whole number`);
  return value;
}

export function readConfig(env = process.env) {
  const logLevel = env.LOG_LEVEL ?? 'info';
  if (!LEVELS.includes(logLevel)) throw new Error(`LOG_LEVEL must be one of ${LEVELS.join(', ')}`);
  return {
    port: positiveInteger(env, 'PORT', 3000),
    logLevel,
    databaseUrl: required(env, 'DATABASE_URL'),
    databasePoolSize: positiveInteger(env, 'DATABASE_POOL_SIZE', 10),
    redisUrl: required(env, 'REDIS_URL'),
    cacheTtlSeconds: positiveInteger(env, 'CACHE_TTL_SECONDS', 30),
    carrierApiKey: required(env, 'CARRIER_API_KEY'),
    shutdownGraceMs: positiveInteger(env, 'SHUTDOWN_GRACE_MS', 10000),
  };
}
