// What Neon's driver makes of refusals. An error of the server keeps its fields; the driver reads
// them from answers of status 400 only, and puts the body of any other into the message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neon, neonConfig, NeonDbError } from '@neondatabase/serverless';

neonConfig.fetchEndpoint = process.env.ENDPOINT;
const dsn = new URL(process.env.DSN.replace('postgres:', 'http:'));
const at = (change) => {
  const url = new URL(dsn);
  change(url);
  return neon(url.href.replace('http:', 'postgres:'));
};
const sql = at(() => {});

async function failure(query) {
  try {
    await query;
  } catch (error) {
    assert.ok(error instanceof NeonDbError, `${error}`);
    return error;
  }
  assert.fail('the query was answered');
}

test('an error of the server keeps its fields', async () => {
  const unknown = await failure(sql`SELECT bodi FROM note`);
  assert.deepEqual([unknown.code, unknown.position, unknown.severity], ['42703', '8', 'ERROR']);
  assert.match(unknown.hint, /note\.body/);
  assert.equal(unknown.message, 'column "bodi" does not exist');
  const double = await failure(sql`INSERT INTO note (id, body) OVERRIDING SYSTEM VALUE VALUES (1, 'x')`);
  assert.equal(double.code, '23505');
  assert.match(double.detail, /\(id\)=\(1\)/);
  assert.deepEqual([double.table, double.constraint], ['note', 'note_pkey']);
});

test('an error raised by a function keeps what it says', async () => {
  const raise = "DO $$ BEGIN RAISE 'no stock' USING DETAIL = 'two left', HINT = 'wait', ERRCODE = 'P0042'; END $$";
  const error = await failure(sql.query(raise));
  assert.deepEqual([error.code, error.message, error.detail, error.hint], ['P0042', 'no stock', 'two left', 'wait']);
  assert.match(error.where, /line 1 at RAISE/);
});

test('a wrong password is refused', async () => {
  const wrong = at((url) => { url.password = 'guess'; });
  const error = await failure(wrong`SELECT 1`);
  assert.match(error.message, /HTTP status 401.*28P01.*password authentication failed/);
  assert.doesNotMatch(error.message, /guess/);
});

test('an unknown host is refused', async () => {
  const lost = at((url) => { url.hostname = 'nobody.example.com'; });
  assert.match((await failure(lost`SELECT 1`)).message, /HTTP status 404.*3D000/);
});

test('a token that is no password is refused', async () => {
  const tokens = neon(process.env.DSN, { authToken: 'a.b.c' });
  assert.equal((await failure(tokens`SELECT 1`)).code, '08P01');
});

test('transaction control is refused with the way out', async () => {
  const error = await failure(sql`COMMIT`);
  assert.equal(error.code, '25001');
  assert.match(error.hint, /"queries"/);
});
