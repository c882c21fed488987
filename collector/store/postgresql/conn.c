#include "collector/store/postgresql/conn.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/config/secret_file.h"
#include "collector/store/postgresql/address.h"
#include "collector/store/postgresql/conn_internal.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"

/* Where the system's certificates are; libpq knows "system" from version 16 on. */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"

/*
 * Where libpq would look for a certificate in the directory of HOME, and fail where that is of
 * another user's: as root's is for `init`, which works as the service's user. Nothing can be below
 * it.
 */
#define NO_FILE "/dev/null/none"

/*
 * What holds where the address does not say otherwise; milliseconds and seconds as libpq has them.
 */
static const struct {
	const char *keyword;
	const char *value;
} defaults[] = {
	{ "target_session_attrs", "read-write" },
	{ "connect_timeout", "5" },
	{ "keepalives_idle", "10" },
	{ "keepalives_interval", "5" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "10000" },
	{ "client_encoding", "UTF8" },
};

/* The same, of what a service's file may say: there it is whoever wrote that who decides. */
static const struct {
	const char *keyword;
	const char *value;
} tls_defaults[] = {
	{ "sslmode", "verify-full" },
	{ "sslrootcert", SYSTEM_CERTIFICATES },
	{ "sslcert", NO_FILE },
};

/*
 * The server ends a transaction whose client was stopped, and notices one that is gone. What an
 * administrator has set for the role or database does not count: the order of commits and their
 * durability hang on it. Every statement finds its rows by an index and in its order; the plans
 * that are ruled out would be chosen for tables that have no statistics yet, as that of today.
 */
static const char settings[] =
	"SET search_path = mtawatch;"
	"SET synchronous_commit = on;"
	"SET statement_timeout = '30s';" PG_SET_LOCK_TIMEOUT ";"
	"SET idle_in_transaction_session_timeout = '10s';"
	"SET tcp_keepalives_idle = 10;"
	"SET tcp_keepalives_interval = 5;"
	"SET tcp_keepalives_count = 3;"
	"SET tcp_user_timeout = 10000;"
	"SET jit = off;"
	"SET enable_seqscan = off;"
	"SET enable_sort = off;"
	"SET enable_hashjoin = off;"
	"SET enable_mergejoin = off;"
	"SET enable_memoize = off;"
	"SET client_min_messages = warning;"
	"SET default_transaction_isolation = 'read committed';"
	"SELECT current_setting('fsync'), current_setting('full_page_writes')";

/* By its severity, never by its words, which have languages. */
static void on_notice(void *user, const PGresult *notice)
{
	struct pg_conn *conn = user;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

	if (!severity || strcmp(severity, "WARNING") != 0)
		return;
	conn->warned = true;
	snprintf(conn->warning, sizeof conn->warning, "%s", message ? message : "");
}

/* What PQconnectdbParams() takes: the address, and what it does not say. */
struct conninfo {
	const char *keywords[64];
	const char *values[64];
	size_t n;
};

static void add(struct conninfo *info, const char *keyword, const char *value)
{
	assert(info->n + 1 < COUNT(info->keywords));
	info->keywords[info->n] = keyword;
	info->values[info->n++] = value;
}

/* `options` as parsed from the address. */
static void fill(struct conninfo *info, const PQconninfoOption *options, const char *application)
{
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		if (o->val && *o->val)
			add(info, o->keyword, o->val);
	}
	for (size_t i = 0; i < COUNT(defaults); i++) {
		if (!pg_address_value(options, defaults[i].keyword))
			add(info, defaults[i].keyword, defaults[i].value);
	}
	for (size_t i = 0; !pg_address_value(options, "service") && i < COUNT(tls_defaults); i++) {
		if (!pg_address_value(options, tls_defaults[i].keyword))
			add(info, tls_defaults[i].keyword, tls_defaults[i].value);
	}
	if (!pg_address_value(options, "application_name"))
		add(info, "application_name", application);
}

static void set_place(struct pg_conn *conn, const char *host, const char *database)
{
	struct buffer place;

	buffer_init(&place);
	buffer_printf(&place, "%s/%s", host ? host : "", database ? database : "");
	free(conn->place);
	conn->place = buffer_take_text(&place);
}

static enum status parse(struct pg_conn *conn, PQconninfoOption **out, char error[STORE_ERROR_SIZE])
{
	const char *wanted = NULL;

	*out = pg_address_parse(conn->address, &wanted);
	if (*out)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE, "the address of the database has to be %s", wanted);
	return STATUS_INVALID;
}

/* Read each time, for it may have changed. `*out` NULL: there is none. */
static enum status read_password(const struct pg_conn *conn, struct arena *arena, const char **out,
				 char error[STORE_ERROR_SIZE])
{
	const char *wanted = NULL;

	*out = conn->password_file ? secret_file_read(conn->password_file, arena, &wanted) : NULL;
	if (!conn->password_file || *out)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "could not read the password for the database: %s has to be %s",
		 conn->password_file, wanted);
	return STATUS_DENIED;
}

static enum status fail_to_connect(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	bool denied =
		PQconnectionNeedsPassword(conn->handle) || PQconnectionUsedPassword(conn->handle);

	snprintf(error, STORE_ERROR_SIZE, "could not connect to the database at %s: %s",
		 conn->place, PQerrorMessage(conn->handle));
	for (char *at = error; (at = strpbrk(at, "\n\t")) != NULL;)
		*at = at[1] ? ' ' : '\0';
	pg_conn_disconnect(conn);
	return denied ? STATUS_DENIED : STATUS_UNREACHABLE;
}

/* Now it is known what a service's file said, and which of several hosts answered. */
static enum status check_proof(const struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	PQconninfoOption *options = PQconninfo(conn->handle);
	bool proven = conn->allow_plain || pg_address_is_here(PQhostaddr(conn->handle)) ||
		      pg_address_proves_server(options);

	PQconninfoFree(options);
	if (proven)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE, "the database at %s is on another machine, and %s",
		 conn->place, PG_ADDRESS_UNPROVEN);
	return STATUS_INVALID;
}

/* A power failure may damage what such a server has stored, however well it commits. */
static enum status check_durable(const struct pg_conn *conn, const PGresult *found,
				 char error[STORE_ERROR_SIZE])
{
	static const char *const names[] = { "fsync", "full_page_writes" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(PQgetvalue(found, 0, (int)i), "off") != 0)
			continue;
		snprintf(error, STORE_ERROR_SIZE,
			 "the database at %s would lose what it has stored in a power failure: it "
			 "runs with %s = off",
			 conn->place, names[i]);
		return STATUS_REFUSED;
	}
	return STATUS_OK;
}

static enum status prepare_session(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "prepare a session";
	PGresult *found = NULL;

	enum status status = check_proof(conn, error);
	if (status != STATUS_OK)
		return status;
	if (PQsetnonblocking(conn->handle, 1) != 0 || !PQsendQuery(conn->handle, settings))
		return pg_fail_lost(conn, what, error);
	status = pg_take_results(conn, what, &found, error);
	if (status == STATUS_OK)
		status = check_durable(conn, found, error);
	PQclear(found);
	return status;
}

static enum status begin_session(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	conn->n_connects++;
	set_place(conn, PQhost(conn->handle), PQdb(conn->handle));
	PQsetNoticeReceiver(conn->handle, on_notice, conn);
	enum status status = prepare_session(conn, error);
	if (status != STATUS_OK)
		pg_conn_disconnect(conn);
	return status;
}

static enum status connect_to(struct pg_conn *conn, const PQconninfoOption *options,
			      const char *password, char error[STORE_ERROR_SIZE])
{
	struct conninfo info = { .n = 0 };
	char application[64];

	snprintf(application, sizeof application, "mtawatch/%s", conn->use);
	fill(&info, options, application);
	if (password)
		add(&info, "password", password);
	set_place(conn, pg_address_value(options, "host"), pg_address_value(options, "dbname"));
	conn->handle = PQconnectdbParams(info.keywords, info.values, 0);
	return PQstatus(conn->handle) == CONNECTION_OK ? begin_session(conn, error)
						       : fail_to_connect(conn, error);
}

enum status pg_conn_connect(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	const char *password = NULL;
	PQconninfoOption *options;
	struct arena arena;

	if (conn->handle)
		return STATUS_OK;
	if (conn->stays_lost) {
		snprintf(error, STORE_ERROR_SIZE, "the connection to the database at %s was lost",
			 conn->place);
		return STATUS_UNREACHABLE;
	}
	enum status status = parse(conn, &options, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&arena);
	status = read_password(conn, &arena, &password, error);
	if (status == STATUS_OK)
		status = connect_to(conn, options, password, error);
	PQconninfoFree(options);
	arena_deinit(&arena);
	return status;
}

enum status pg_conn_open(struct pg_conn *conn, const struct store_location *location,
			 const char *use, char error[STORE_ERROR_SIZE])
{
	*conn = (struct pg_conn){
		.address = mem_strdup(location->address),
		.password_file =
			location->password_file ? mem_strdup(location->password_file) : NULL,
		.allow_plain = location->allow_plain,
		.use = use,
		.read_ms = PG_READ_MS,
	};
	arena_init(&conn->names);
	return pg_conn_connect(conn, error);
}

void pg_conn_hurry(struct pg_conn *conn, int ms)
{
	conn->read_ms = ms;
	conn->stays_lost = true;
}

enum status pg_conn_renew(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	int read_ms = conn->read_ms;
	bool stays_lost = conn->stays_lost;

	pg_conn_disconnect(conn);
	conn->read_ms = PG_READ_MS;
	conn->stays_lost = false;
	enum status status = pg_conn_connect(conn, error);
	conn->read_ms = read_ms;
	conn->stays_lost = stays_lost;
	return status;
}

enum status pg_conn_open_alike(struct pg_conn *conn, const struct pg_conn *like,
			       char error[STORE_ERROR_SIZE])
{
	const struct store_location location = {
		.address = like->address,
		.password_file = like->password_file,
		.allow_plain = like->allow_plain,
	};

	return pg_conn_open(conn, &location, like->use, error);
}

void pg_conn_take(struct pg_conn *conn, struct pg_conn *from)
{
	pg_conn_close(conn);
	*conn = *from;
	*from = (struct pg_conn){ 0 };
	PQsetNoticeReceiver(conn->handle, on_notice, conn); /* NULL is allowed */
}

void pg_conn_disconnect(struct pg_conn *conn)
{
	PQfinish(conn->handle); /* NULL is allowed */
	conn->handle = NULL;
	text_map_deinit(&conn->prepared);
	conn->prepared = (struct text_map){ 0 };
	arena_deinit(&conn->names);
	conn->n_sent = 0;
}

void pg_conn_close(struct pg_conn *conn)
{
	pg_conn_disconnect(conn);
	free(conn->address);
	free(conn->password_file);
	free(conn->place);
	free((void *)conn->sent);
	*conn = (struct pg_conn){ 0 };
}
