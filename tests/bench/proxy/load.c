/*
 * A client that opens many connections and then runs transactions on them, as it is told on standard
 * input. Logins, warm-up and measurement are apart, the connections may lead to different databases,
 * and a transaction may take any of them: none of which pgbench does. One thread, libpq, epoll.
 *
 * usage: load [-e|-p] [-n CONNECTIONS] [-t TENANTS] DATABASES STATEMENT...   (PGHOST, PGPORT, PGUSER, ...)
 *   DATABASES  names separated by commas; connection i goes to the i-th, and from the start again
 *   STATEMENT  one message of a transaction, sent when the one before is answered; :id is a random
 *              key from 1 to 1000, :tenant a random number from 0001 to TENANTS
 *   -e, -p     by the extended protocol, without and with a prepared statement; one STATEMENT, with $1
 *
 * Prints "ready" when all are logged in. Then, on standard input:
 *   run SECONDS UNDER_WAY [any]   transactions, so many at a time; on any connection that is idle, at
 *                                 random, else on the first UNDER_WAY, each on its own
 *   each                          one transaction on every connection
 * Answers each with a line: transactions, seconds, p50 and p99 in microseconds. Ends with its input,
 * and with the first error.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum protocol { SIMPLE, EXTENDED, PREPARED };

struct connection {
	PGconn *pg;
	int step;
	int tenant; /* stays for the whole transaction */
	uint64_t began;
};

static enum protocol protocol = SIMPLE;
static int tenants = 1000;
static char **statements;
static int statement_count;
static struct connection *connections;
static int connection_count = 1;
static int *idle;
static int idle_count;
static uint32_t *latencies;
static size_t latency_count, latency_room;
static int poller;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "load: %s: %s\n", what, why);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t) at.tv_sec * 1000000000u + at.tv_nsec;
}

/* A xorshift of our own: the same sequence in every run, for every peer. */
static uint32_t random_below(uint32_t bound)
{
	static uint64_t state = 88172645463325252u;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t) ((state >> 16) % bound);
}

static const char *filled_in(const char *template, int id, int tenant)
{
	static char text[1024];
	char *to = text;

	for (; *template && to < text + sizeof(text) - 16; ) {
		if (strncmp(template, ":id", 3) == 0) {
			to += sprintf(to, "%d", id);
			template += 3;
		} else if (strncmp(template, ":tenant", 7) == 0) {
			to += sprintf(to, "%04d", tenant);
			template += 7;
		} else {
			*to++ = *template++;
		}
	}
	*to = '\0';
	return text;
}

static void send_step(struct connection *c)
{
	int id = 1 + random_below(1000), ok;
	char key[16];
	const char *values[1] = { key };

	sprintf(key, "%d", id);
	if (protocol == SIMPLE)
		ok = PQsendQuery(c->pg, filled_in(statements[c->step], id, c->tenant));
	else if (protocol == EXTENDED)
		ok = PQsendQueryParams(c->pg, statements[0], 1, NULL, values, NULL, NULL, 0);
	else
		ok = PQsendQueryPrepared(c->pg, "load", 1, values, NULL, NULL, 0);
	if (!ok)
		fail("send", PQerrorMessage(c->pg));
}

static void begin(struct connection *c)
{
	c->step = 0;
	c->tenant = 1 + random_below(tenants);
	c->began = now();
	send_step(c);
}

static void remember(uint64_t latency)
{
	if (latency_count == latency_room) {
		latency_room = latency_room ? 2 * latency_room : 1 << 20;
		if (!(latencies = realloc(latencies, latency_room * sizeof(*latencies))))
			fail("memory", strerror(errno));
	}
	latencies[latency_count++] = latency > UINT32_MAX ? UINT32_MAX : (uint32_t) latency;
}

/* True when the transaction has ended with this. */
static int receive(struct connection *c)
{
	PGresult *result;

	if (!PQconsumeInput(c->pg))
		fail("receive", PQerrorMessage(c->pg));
	while (!PQisBusy(c->pg)) {
		if (!(result = PQgetResult(c->pg))) {
			if (++c->step < statement_count) {
				send_step(c);
				return 0;
			}
			remember(now() - c->began);
			return 1;
		}
		switch (PQresultStatus(result)) {
			case PGRES_TUPLES_OK:
				if (PQntuples(result) != 1)
					fail("answer", "not one row");
				break;
			case PGRES_COMMAND_OK:
				break;
			default:
				fail("statement", PQresultErrorMessage(result));
		}
		PQclear(result);
	}
	return 0;
}

/* The next connection: any that is idle, at random, or the one that has just become so. */
static struct connection *take(int any)
{
	int at = any ? (int) random_below(idle_count) : idle_count - 1;
	int taken = idle[at];

	idle[at] = idle[--idle_count];
	return &connections[taken];
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
	return x < y ? -1 : x > y;
}

static void report(double seconds)
{
	size_t n = latency_count;

	qsort(latencies, n, sizeof(*latencies), by_size);
	printf("%zu %.6f %.1f %.1f\n", n, seconds, n ? latencies[n / 2] / 1000.0 : 0,
		n ? latencies[n * 99 / 100] / 1000.0 : 0);
	fflush(stdout);
}

static void run(double seconds, int under_way, int any)
{
	uint64_t start = now(), end = start + (uint64_t) (seconds * 1e9);
	struct epoll_event events[256];
	int busy = 0, n, i;

	latency_count = idle_count = 0;
	for (i = any ? connection_count : under_way; i > 0; i--)
		idle[idle_count++] = i - 1;
	for (; busy < under_way; busy++)
		begin(take(any));
	while (busy > 0) {
		n = epoll_wait(poller, events, 256, -1);
		for (i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			if (!receive(c))
				continue;
			idle[idle_count++] = (int) (c - connections);
			if (now() < end)
				begin(take(any));
			else
				busy--;
		}
	}
	report((now() - start) / 1e9);
}

static void each(void)
{
	struct epoll_event events[256];
	uint64_t start = now();
	int next = 0, busy = 0, n, i;

	latency_count = 0;
	for (; busy < 50 && next < connection_count; busy++)
		begin(&connections[next++]);
	while (busy > 0) {
		n = epoll_wait(poller, events, 256, -1);
		for (i = 0; i < n; i++) {
			if (!receive(events[i].data.ptr))
				continue;
			if (next < connection_count)
				begin(&connections[next++]);
			else
				busy--;
		}
	}
	report((now() - start) / 1e9);
}

static void prepare(struct connection *c)
{
	PGresult *result = PQprepare(c->pg, "load", statements[0], 1, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail("prepare", PQerrorMessage(c->pg));
	PQclear(result);
}

static void open_all(char *databases)
{
	char *names[10000];
	int count = 0, i;

	for (char *name = strtok(databases, ","); name && count < 10000; name = strtok(NULL, ","))
		names[count++] = name;
	for (i = 0; i < connection_count; i++) {
		struct connection *c = &connections[i];
		const char *keys[] = { "dbname", "sslmode", "gssencmode", NULL };
		const char *values[] = { names[i % count], "disable", "disable", NULL };
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

		c->pg = PQconnectdbParams(keys, values, 0);
		if (PQstatus(c->pg) != CONNECTION_OK)
			fail("connect", PQerrorMessage(c->pg));
		if (protocol == PREPARED)
			prepare(c);
		if (epoll_ctl(poller, EPOLL_CTL_ADD, PQsocket(c->pg), &event) < 0)
			fail("epoll", strerror(errno));
	}
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "epn:t:")) != -1) {
		switch (option) {
			case 'e': protocol = EXTENDED; break;
			case 'p': protocol = PREPARED; break;
			case 'n': connection_count = atoi(optarg); break;
			case 't': tenants = atoi(optarg); break;
			default: exit(2);
		}
	}
	statements = argv + optind + 1;
	statement_count = argc - optind - 1;
	if (statement_count < 1 || (protocol != SIMPLE && statement_count > 1) || connection_count < 1)
		fail("usage", "see the top of load.c");
}

int main(int argc, char **argv)
{
	struct rlimit files;
	char line[256], word[16];
	double seconds;
	int under_way;

	parse(argc, argv);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	poller = epoll_create1(0);
	connections = calloc(connection_count, sizeof(*connections));
	idle = calloc(connection_count, sizeof(*idle));
	if (poller < 0 || !connections || !idle)
		fail("start", strerror(errno));
	open_all(argv[optind]);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		word[0] = '\0';
		if (sscanf(line, "run %lf %d %15s", &seconds, &under_way, word) >= 2 && under_way <= connection_count)
			run(seconds, under_way, strcmp(word, "any") == 0);
		else if (strcmp(line, "each\n") == 0)
			each();
		else
			fail("command", line);
	}
	return 0;
}
