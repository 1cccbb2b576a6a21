import { randomUUID } from 'node:crypto';

// One line of JSON for each request. Probes come every few seconds and are left to debug.
export function requestLog(log) {
  return (request, response, next) => {
    const { path } = request; // routers shorten it while they answer
    const id = request.get('x-request-id') ?? randomUUID();
    const started = process.hrtime.bigint();
    response.set('x-request-id', id);
    response.on('finish', () => {
      const line = {
        requestId: id,
        method: request.method,
        path,
        status: response.statusCode,
        ms: Number((process.hrtime.bigint() - started) / 1_000_000n),
      };
      log[path.startsWith('/api/health') ? 'debug' : 'info'](line, 'request');
    });
    next();
  };
}
