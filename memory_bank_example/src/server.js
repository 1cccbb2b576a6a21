import pino from 'pino';

import { createApp } from './app.js';
import { cachedParcels, connectCache } from './cache.js';
import { readConfig } from './config.js';
import { connectDatabase } from './database.js';
import { parcelStore } from './parcels.js';

const config = readConfig();
const log = pino({ level: config.logLevel, base: { service: 'parcel-tracking-api' } });
const pool = connectDatabase(config, log);
const cache = await connectCache(config, log);

const app = createApp({
  parcels: cachedParcels(parcelStore(pool), cache, config.cacheTtlSeconds, log),
  checkDatabase: () => pool.query('SELECT 1'),
  checkCache: () => cache.ping(),
  carrierApiKey: config.carrierApiKey,
  log,
});

const server = app.listen(config.port, () => log.info({ port: config.port }, 'listening'));

// Requests that run are finished, then the connections close. A deployment may replace the process at any time.
function shutDown(signal) {
  log.info({ signal }, 'shutting down');
  setTimeout(() => process.exit(1), config.shutdownGraceMs).unref();
  server.close(async () => {
    cache.destroy();
    await pool.end();
    process.exit(0);
  });
  server.closeIdleConnections();
}

process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);
