import express from 'express';

import { HttpError, notFound } from './errors.js';
import { requireApiKey } from './middleware/api-key.js';
import { requestLog } from './middleware/request-log.js';
import { healthRoutes } from './routes/health.js';
import { parcelRoutes } from './routes/parcels.js';

// The application without its connections, so that tests hand in their own.
export function createApp({ parcels, checkDatabase, checkCache, carrierApiKey, log }) {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestLog(log));
  app.use(express.json({ limit: '16kb' }));
  app.use('/api/health', healthRoutes({ checkDatabase, checkCache }));
  app.use('/api/parcels', parcelRoutes({ parcels, carrierOnly: requireApiKey(carrierApiKey) }));
  app.use((request) => {
    throw notFound(`no route ${request.method} ${request.path}`);
  });
  app.use((error, _request, response, _next) => {
    const known = error instanceof HttpError || (error.status >= 400 && error.status < 500);
    if (!known) log.error({ err: error }, 'request failed');
    response.status(known ? error.status : 500).json({
      error: known
        ? { code: error.code ?? 'bad_request', message: error.message }
        : { code: 'internal', message: 'internal error' },
    });
  });
  return app;
}
