import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

// Applies what is new in migrations/, in order, each in a transaction. Runs as a step of its own before a deployment,
// never at the start of the server: several instances start at once. The lock is for two deployments at once.

const FOLDER = new URL('../migrations/', import.meta.url);
const LOCK = 71_204_001;

export function pending(files, applied) {
  return files.filter((file) => /^\d{3}_\w+\.sql$/.test(file) && !applied.includes(file)).sort();
}

async function migrate() {
  if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is not set');
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query('SELECT name FROM schema_migrations');
    for (const file of pending(await readdir(FOLDER), rows.map((row) => row.name))) {
      await client.query('BEGIN');
      await client.query(await readFile(new URL(file, FOLDER), 'utf8'));
      await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [file]);
      await client.query('COMMIT');
      console.log(`applied ${file}`);
    }
  } finally {
    await client.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await migrate();
