// node-postgres in several tenants at once, with a pool for each: every connection must see the rows
// of its own tenant and no others. Environment: URL (without a database), TENANTS=a,b,c. Table note of
// each tenant holds its name in every row. Prints how many rows each should have afterwards.

import assert from 'node:assert/strict';
import pg from 'pg';

const TENANTS = process.env.TENANTS.split(',');
const CONNECTIONS = 3;
const ROUNDS = 40;

// Fails unless there are rows and all are this tenant's.
function own(tenant, { rows }) {
  assert.deepEqual([...new Set(rows.map((row) => row.body))], [tenant]);
}

async function failing(pool, tenant) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query("INSERT INTO note (body) VALUES ('gone')");
    await assert.rejects(client.query('SELECT 1 / 0'), { code: '22012' });
    await assert.rejects(client.query('SELECT 1'), { code: '25P02' });
    await client.query('ROLLBACK');
    own(tenant, await client.query('SELECT body FROM note'));
  } finally {
    client.release();
  }
}

async function writing(pool, tenant) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('INSERT INTO note (body) VALUES ($1)', [tenant]);
    own(tenant, await client.query('SELECT body FROM note'));
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

async function round(pool, tenant, number) {
  // One after the other on whichever connections are free.
  await Promise.all([
    pool.query('SELECT body FROM note').then((result) => own(tenant, result)),
    pool.query('SELECT body FROM note WHERE id > $1', [0]).then((result) => own(tenant, result)),
    pool.query({ name: 'by body', text: 'SELECT body, $2::int AS n FROM note WHERE body = $1', values: [tenant, number] })
      .then((result) => { own(tenant, result); assert.equal(result.rows[0].n, number); }),
    pool.query('SELECT 1; SELECT body FROM note').then(([, result]) => own(tenant, result)),
    writing(pool, tenant),
    failing(pool, tenant),
  ]);
}

async function play(tenant) {
  const pool = new pg.Pool({ connectionString: `${process.env.URL}/${tenant}`, max: CONNECTIONS });
  try {
    for (let number = 0; number < ROUNDS; number += 1) await round(pool, tenant, number);
  } finally {
    await pool.end();
  }
}

await Promise.all(TENANTS.map(play));
console.log(1 + ROUNDS);
