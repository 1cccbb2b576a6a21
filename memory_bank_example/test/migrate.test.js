import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { pending } from '../src/migrate.js';

test('what is new is applied in order, and nothing that is no migration', () => {
  const files = ['003_c.sql', '001_a.sql', 'notes.md', '002_b.sql'];
  assert.deepEqual(pending(files, ['001_a.sql']), ['002_b.sql', '003_c.sql']);
});

test('every file of the folder is a migration, and no number is taken twice', async () => {
  const files = await readdir(new URL('../migrations/', import.meta.url));
  assert.deepEqual(pending(files, []), files.toSorted());
  assert.equal(new Set(files.map((file) => file.slice(0, 3))).size, files.length);
});
