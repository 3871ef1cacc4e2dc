"""psycopg in several tenants at once: each connection must see the rows of its own tenant and no others.

usage: tenants.py sync|async|pipeline     PGHOST, PGPORT, PGUSER, PGPASSWORD, TENANTS=a,b,c

Table note of each tenant holds its name in every row. Nothing here knows that there is a proxy: the
tenant is the name of the database. Prints how many rows each tenant should have afterwards."""
import asyncio
import os
import sys
import threading

import psycopg
from psycopg import errors

TENANTS = os.environ["TENANTS"].split(",")
CONNECTIONS = 3  # to each tenant
ROUNDS = 25


def own(tenant, rows):
    """Fails unless there are rows and all are this tenant's."""
    bodies = {row[0] for row in rows}
    assert bodies == {tenant}, f"in {tenant}: {bodies}"


def one_connection(tenant):
    with psycopg.connect(dbname=tenant, autocommit=True) as connection:
        for number in range(ROUNDS):
            plain(connection, tenant)
            prepared(connection, tenant, number)
            transactions(connection, tenant)
        copies(connection, tenant)
        cursors(connection, tenant)
        assert connection.info.parameter_status("tenancy.tenant") in (tenant, None)


def plain(connection, tenant):
    own(tenant, connection.execute("SELECT body FROM note").fetchall())
    assert connection.execute("SELECT tenancy.current()").fetchone() == (tenant,)


def prepared(connection, tenant, number):
    query = "SELECT body, %s::int FROM note WHERE body = %s LIMIT 1"
    assert connection.execute(query, (number, tenant), prepare=True).fetchone() == (tenant, number)
    rows = connection.execute("SELECT body FROM note WHERE id > %b", (0,), binary=True, prepare=True)
    own(tenant, rows.fetchall())


def transactions(connection, tenant):
    with connection.transaction():
        connection.execute("INSERT INTO note (body) VALUES (%s)", (tenant,))
    try:
        with connection.transaction():
            connection.execute("INSERT INTO note (body) VALUES ('gone')")
            with connection.transaction():
                connection.execute("SAVEPOINT inner_one")
                connection.execute("SELECT 1 / 0")
    except errors.DivisionByZero:
        pass
    own(tenant, connection.execute("SELECT body FROM note").fetchall())


def copies(connection, tenant):
    with connection.cursor() as cursor:
        with cursor.copy("COPY note (body) FROM STDIN") as copy:
            for _ in range(100):
                copy.write_row((tenant,))
        with cursor.copy("COPY (SELECT body FROM note) TO STDOUT") as copy:
            own(tenant, copy.rows())


def cursors(connection, tenant):
    with connection.transaction(), connection.cursor(name="rows of mine") as cursor:
        cursor.itersize = 7
        own(tenant, cursor.execute("SELECT body FROM note"))


async def one_async_connection(tenant):
    async with await psycopg.AsyncConnection.connect(dbname=tenant, autocommit=True) as connection:
        for number in range(ROUNDS):
            rows = await connection.execute("SELECT body FROM note")
            own(tenant, await rows.fetchall())
            rows = await connection.execute("SELECT body, %s::int FROM note", (number,), prepare=True)
            own(tenant, await rows.fetchall())
            async with connection.transaction():
                await connection.execute("INSERT INTO note (body) VALUES (%s)", (tenant,))
                await asyncio.sleep(0)
                rows = await connection.execute("SELECT body FROM note")
                own(tenant, await rows.fetchall())


def one_pipeline(tenant):
    with psycopg.connect(dbname=tenant, autocommit=True) as connection:
        for number in range(ROUNDS):
            with connection.pipeline() as pipeline:
                first = connection.execute("SELECT body FROM note")
                connection.execute("INSERT INTO note (body) VALUES (%s)", (tenant,))
                pipeline.sync()
                second = connection.execute("SELECT body, %s::int FROM note", (number,), prepare=True)
                own(tenant, first.fetchall())
                own(tenant, second.fetchall())
            failing_pipeline(connection, tenant)


def failing_pipeline(connection, tenant):
    """What follows an error is skipped up to the end of the pipeline, and the connection is well."""
    try:
        with connection.pipeline():
            connection.execute("SELECT 1 / 0")
            connection.execute("INSERT INTO note (body) VALUES ('skipped')")
    except errors.DivisionByZero:
        pass
    own(tenant, connection.execute("SELECT body FROM note").fetchall())


def in_threads(work):
    """This work over several connections to every tenant at once; the first failure is raised."""
    failures = []

    def guarded(tenant):
        try:
            work(tenant)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(t,)) for t in TENANTS * CONNECTIONS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


async def in_tasks():
    await asyncio.gather(*(one_async_connection(tenant) for tenant in TENANTS * CONNECTIONS))


def main(way):
    inserted = ROUNDS
    if way == "sync":
        in_threads(one_connection)
        inserted += 100
    elif way == "async":
        asyncio.run(in_tasks())
    else:
        in_threads(one_pipeline)
    print(1 + CONNECTIONS * inserted)


main(sys.argv[1])
