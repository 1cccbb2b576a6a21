import { Router } from 'express';

const CHECK_TIMEOUT_MS = 1500;

async function outcome(check) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return 'ok';
  } catch {
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}

// /live says the process answers and asks nobody else: a database that is away is no reason to restart it.
// / says whether it can do its work. The cache is reported but does not decide: the service works without it.
export function healthRoutes({ checkDatabase, checkCache }) {
  const router = Router();
  router.get('/live', (_request, response) => response.json({ status: 'alive' }));
  router.get('/', async (_request, response) => {
    const [database, cache] = await Promise.all([outcome(checkDatabase), outcome(checkCache)]);
    const status = database !== 'ok' ? 'unhealthy' : cache !== 'ok' ? 'degraded' : 'healthy';
    response.status(database === 'ok' ? 200 : 503).json({ status, checks: { database, cache } });
  });
  return router;
}
