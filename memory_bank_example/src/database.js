import pg from 'pg';

export function connectDatabase({ databaseUrl, databasePoolSize }, log) {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: databasePoolSize,
    connectionTimeoutMillis: 2000,
    statement_timeout: 5000,
  });
  // An idle connection that breaks would otherwise end the process.
  pool.on('error', (error) => log.error({ err: error }, 'idle database connection failed'));
  return pool;
}

export async function inTransaction(pool, work) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
