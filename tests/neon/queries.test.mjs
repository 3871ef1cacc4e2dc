// Queries as an application writes them with Neon's driver. It is given the sidecar's endpoint and
// a connection string by environment, and knows nothing else of either.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neon, neonConfig } from '@neondatabase/serverless';

neonConfig.fetchEndpoint = process.env.ENDPOINT;
const sql = neon(process.env.DSN);

test('a tagged template sends its values as parameters', async () => {
  const body = "it's; DROP TABLE note --";
  assert.deepEqual(await sql`SELECT ${body} AS body, ${41}::int + 1 AS n`, [{ body, n: 42 }]);
  const inner = sql`WHERE body = ${'acme'}`;
  assert.deepEqual(await sql`SELECT body FROM ${sql.unsafe('note')} ${inner}`, [{ body: 'acme' }]);
});

test('values come back in the types of JavaScript', async () => {
  const [row] = await sql`SELECT 1::int2 AS small, 2147483647 AS int, 9007199254740993 AS big,
    1.10::numeric AS price, 0.5::float8 AS half, 'NaN'::float8 AS nan, true AS yes, false AS no,
    NULL::text AS nothing, ''::text AS empty, 'ü "q" \\ 😀' AS text,
    '{"a": [1, null], "b": "x"}'::jsonb AS doc, ARRAY[1, NULL, 3] AS ints,
    ARRAY['a,b', 'NULL', NULL, '"'] AS texts, '{{1,2},{3,4}}'::int[] AS matrix,
    '2026-05-18 12:34:56.789+02'::timestamptz AS moment, '\\x00ff'::bytea AS bytes,
    '1 day 02:00'::interval AS span`;
  assert.deepEqual([row.small, row.int, row.big], [1, 2147483647, '9007199254740993']);
  assert.deepEqual([row.price, row.half, row.nan], ['1.10', 0.5, NaN]);
  assert.deepEqual([row.yes, row.no, row.nothing, row.empty], [true, false, null, '']);
  assert.equal(row.text, 'ü "q" \\ 😀');
  assert.deepEqual(row.doc, { a: [1, null], b: 'x' });
  assert.deepEqual([row.ints, row.matrix], [[1, null, 3], [[1, 2], [3, 4]]]);
  assert.deepEqual(row.texts, ['a,b', 'NULL', null, '"']);
  assert.equal(row.moment.toISOString(), '2026-05-18T10:34:56.789Z');
  assert.deepEqual([...row.bytes], [0, 255]);
  assert.deepEqual({ ...row.span }, { days: 1, hours: 2 });
});

test('parameters of every type arrive as they were sent', async () => {
  const moment = new Date('2026-05-18T10:34:56.789Z');
  const [row] = await sql`SELECT ${7}::int AS int, ${12345678901234567890n}::numeric AS big,
    ${true}::bool AS yes, ${null}::text AS nothing, ${moment}::timestamptz AS moment,
    ${{ a: ['ü'] }}::jsonb AS doc, ${[1, 2]}::int[] AS ints, ${['a"b', null, '{}']}::text[] AS texts,
    ${Buffer.from([1, 0, 255])}::bytea AS bytes`;
  assert.deepEqual([row.int, row.big, row.yes, row.nothing], [7, '12345678901234567890', true, null]);
  assert.equal(row.moment.getTime(), moment.getTime());
  assert.deepEqual([row.doc, row.ints], [{ a: ['ü'] }, [1, 2]]);
  assert.deepEqual(row.texts, ['a"b', null, '{}']);
  assert.deepEqual([...row.bytes], [1, 0, 255]);
});

test('arrayMode gives arrays, fullResults what node-postgres gives', async () => {
  assert.deepEqual(await sql.query('SELECT 1 AS a, $1 AS a', ['x'], { arrayMode: true }), [[1, 'x']]);
  const full = await sql.query('SELECT body FROM note', [], { fullResults: true });
  assert.deepEqual([full.command, full.rowCount, full.rowAsArray], ['SELECT', 1, false]);
  assert.deepEqual(full.rows, [{ body: 'acme' }]);
  const [field] = full.fields;
  assert.deepEqual([field.name, field.dataTypeID, field.dataTypeSize], ['body', 25, -1]);
  const none = await sql.query('UPDATE note SET body = body WHERE false', [], { fullResults: true });
  assert.deepEqual([none.command, none.rowCount, none.rows], ['UPDATE', 0, []]);
});

test('a transaction is one, with the isolation and the mode that were asked for', async () => {
  const [level, mode, first] = await sql.transaction(
    [
      sql`SELECT current_setting('transaction_isolation') AS level`,
      sql`SELECT current_setting('transaction_read_only') AS mode`,
      sql.query('SELECT body FROM note', []),
    ],
    { isolationLevel: 'RepeatableRead', readOnly: true },
  );
  assert.deepEqual([level, mode, first], [[{ level: 'repeatable read' }], [{ mode: 'on' }], [{ body: 'acme' }]]);
  const results = await sql.transaction((tx) => [tx`SELECT 1 AS n`, tx`SELECT 2 AS n`], { arrayMode: true });
  assert.deepEqual(results, [[[1]], [[2]]]);
  const write = sql.transaction([sql`INSERT INTO note (body) VALUES ('no')`], { readOnly: true });
  await assert.rejects(write, { name: 'NeonDbError', code: '25006' });
});

test('a transaction that fails leaves nothing', async () => {
  const half = sql.transaction([sql`INSERT INTO note (body) VALUES ('half')`, sql`SELECT 1 / 0`]);
  await assert.rejects(half, { code: '22012' });
  assert.deepEqual(await sql`SELECT body FROM note`, [{ body: 'acme' }]);
});
