#include "collector/store/postgresql/conn.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/config/secret_file.h"
#include "collector/store/postgresql/address.h"
#include "collector/store/postgresql/rows.h"
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

/* What an SQLSTATE means to us (PostgreSQL, appendix A); a row of two characters is a class. */
static const struct {
	const char *code;
	enum status status;
} meanings[] = {
	{ "08", STATUS_UNREACHABLE },    /* connection exceptions */
	{ "22", STATUS_INVALID },        /* data exceptions */
	{ "23", STATUS_INVALID },        /* violations of integrity */
	{ "25006", STATUS_UNREACHABLE }, /* read_only_sql_transaction: a primary no more */
	{ "28", STATUS_DENIED },         /* invalid authorization */
	{ "3D000", STATUS_NOT_FOUND },   /* invalid_catalog_name: no such database */
	{ "42501", STATUS_DENIED },      /* insufficient_privilege */
	{ "53100", STATUS_FULL },        /* disk_full */
	{ "53300", STATUS_REFUSED },     /* too_many_connections */
	{ "54", STATUS_INVALID },        /* limits of the program: of a row, an array ... */
	{ "55P03", STATUS_TIMED_OUT },   /* lock_not_available */
	{ "57014", STATUS_TIMED_OUT },   /* query_canceled, also by statement_timeout */
	{ "57P01", STATUS_UNREACHABLE }, /* admin_shutdown */
	{ "57P02", STATUS_UNREACHABLE }, /* crash_shutdown */
	{ "57P03", STATUS_UNREACHABLE }, /* cannot_connect_now */
	{ "MW001", STATUS_FENCED },      /* ours: schema.c */
	{ "XX001", STATUS_MALFORMED },   /* data_corrupted */
	{ "XX002", STATUS_MALFORMED },   /* index_corrupted */
};

static enum status status_of(const char *sqlstate)
{
	for (size_t i = 0; sqlstate && i < COUNT(meanings); i++) {
		if (strncmp(sqlstate, meanings[i].code, strlen(meanings[i].code)) == 0)
			return meanings[i].status;
	}
	return STATUS_SYSTEM;
}

/* Without the end of its line. */
static int length_of(const char *message)
{
	return (int)strcspn(message, "\n");
}

/* The connection has failed: nobody knows what became of what was under way. */
static enum status fail_lost(struct pg_conn *conn, const char *what, char error[STORE_ERROR_SIZE])
{
	const char *message = conn->handle ? PQerrorMessage(conn->handle) : "";

	snprintf(error, STORE_ERROR_SIZE,
		 "could not %s: the connection to the database at %s was lost: %.*s", what,
		 conn->place, length_of(message), message);
	pg_conn_disconnect(conn);
	return STATUS_UNREACHABLE;
}

static enum status fail_late(struct pg_conn *conn, const char *what, int ms,
			     char error[STORE_ERROR_SIZE])
{
	snprintf(error, STORE_ERROR_SIZE,
		 "could not %s: the database at %s did not answer within %g s", what, conn->place,
		 ms / 1000.0);
	pg_conn_disconnect(conn);
	return STATUS_TIMED_OUT;
}

static enum status fail_said(const struct pg_conn *conn, const char *what, const PGresult *result,
			     char error[STORE_ERROR_SIZE])
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);

	if (!message)
		message = PQresultErrorMessage(result);
	snprintf(error, STORE_ERROR_SIZE, "could not %s: the database at %s said: %.*s%s%.*s%s",
		 what, conn->place, length_of(message), message, detail ? " (" : "",
		 detail ? length_of(detail) : 0, detail ? detail : "", detail ? ")" : "");
	return status_of(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

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

/* Sends what is to be sent, and reads until a result is there or the connection is idle. */
static enum status await(struct pg_conn *conn, const char *what, uint64_t deadline_ms, int ms,
			 char error[STORE_ERROR_SIZE])
{
	for (;;) {
		int left = PQflush(conn->handle);
		if (left < 0)
			return fail_lost(conn, what, error);
		if (left == 0 && !PQisBusy(conn->handle))
			return STATUS_OK;
		uint64_t now = loop_monotonic_ms();
		if (now >= deadline_ms)
			return fail_late(conn, what, ms, error);
		struct pollfd fd = { .fd = PQsocket(conn->handle),
				     .events = (short)(left > 0 ? POLLIN | POLLOUT : POLLIN) };
		if (poll(&fd, 1, (int)(deadline_ms - now)) < 0 && errno != EINTR)
			return fail_lost(conn, what, error);
		if (fd.revents & ~POLLOUT && !PQconsumeInput(conn->handle))
			return fail_lost(conn, what, error);
	}
}

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/*
 * Every result of what was sent outside of a pipeline: the last one into `*out`, to be cleared, or
 * the first failure.
 */
static enum status take_results(struct pg_conn *conn, const char *what, PGresult **out,
				char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + (uint64_t)conn->read_ms;
	enum status status = STATUS_OK;
	PGresult *result = NULL;

	*out = NULL;
	for (;;) {
		enum status waited = await(conn, what, deadline_ms, conn->read_ms, error);
		if (waited != STATUS_OK) {
			status = waited;
			break;
		}
		result = PQgetResult(conn->handle);
		if (!result)
			break;
		if (status == STATUS_OK && !is_good(result))
			status = fail_said(conn, what, result, error);
		PQclear(*out);
		*out = result;
	}
	if (status == STATUS_OK && *out)
		return STATUS_OK;
	PQclear(*out);
	*out = NULL;
	if (conn->handle && PQstatus(conn->handle) == CONNECTION_BAD)
		pg_conn_disconnect(conn);
	return status == STATUS_OK ? STATUS_SYSTEM : status;
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
		return fail_lost(conn, what, error);
	status = take_results(conn, what, &found, error);
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

enum status pg_conn_revive(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	struct pg_conn before = *conn;

	if (conn->handle && !PQconsumeInput(conn->handle))
		pg_conn_disconnect(conn);
	conn->read_ms = PG_READ_MS;
	conn->stays_lost = false;
	enum status status = pg_conn_connect(conn, error);
	conn->read_ms = before.read_ms;
	conn->stays_lost = before.stays_lost;
	return status;
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

enum status pg_script(struct pg_conn *conn, const char *sql, const char *what,
		      char error[STORE_ERROR_SIZE])
{
	PGresult *result = NULL;
	enum status status = pg_conn_connect(conn, error);

	if (status != STATUS_OK)
		return status;
	if (!PQsendQuery(conn->handle, sql))
		return fail_lost(conn, what, error);
	status = take_results(conn, what, &result, error);
	PQclear(result);
	return status;
}

static bool is_prepared(const struct pg_conn *conn, const struct pg_statement *statement)
{
	return text_map_get(&conn->prepared, statement->name) != NULL;
}

static void note_prepared(struct pg_conn *conn, const struct pg_statement *statement)
{
	char *name = arena_strdup(&conn->names, statement->name);
	text_map_add(&conn->prepared, name, name);
}

static bool send_prepare(struct pg_conn *conn, const struct pg_statement *statement,
			 const struct pg_params *params)
{
	Oid types[PG_MAX_PARAMETERS];
	struct buffer sql;

	for (size_t i = 0; i < params->n; i++)
		types[i] = params->at[i].type;
	buffer_init(&sql);
	pg_write_columns(&sql, statement->sql);
	int sent = PQsendPrepare(conn->handle, statement->name, sql.bytes, (int)params->n, types);
	buffer_deinit(&sql);
	return sent != 0;
}

static bool send_query(struct pg_conn *conn, const struct pg_statement *statement,
		       struct pg_params *params)
{
	const char *values[PG_MAX_PARAMETERS];
	int sizes[PG_MAX_PARAMETERS];
	int formats[PG_MAX_PARAMETERS];

	pg_params_seal(params);
	for (size_t i = 0; i < params->n; i++) {
		values[i] = params->at[i].value;
		sizes[i] = params->at[i].size;
		formats[i] = 1; /* binary */
	}
	return PQsendQueryPrepared(conn->handle, statement->name, (int)params->n, values, sizes,
				   formats, 1) != 0;
}

static enum status prepare(struct pg_conn *conn, const struct pg_statement *statement,
			   const struct pg_params *params, char error[STORE_ERROR_SIZE])
{
	PGresult *result = NULL;

	if (is_prepared(conn, statement))
		return STATUS_OK;
	if (!send_prepare(conn, statement, params))
		return fail_lost(conn, statement->what, error);
	enum status status = take_results(conn, statement->what, &result, error);
	PQclear(result);
	if (status == STATUS_OK)
		note_prepared(conn, statement);
	return status;
}

static enum status run_once(struct pg_conn *conn, const struct pg_statement *statement,
			    struct pg_params *params, PGresult **out, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_conn_connect(conn, error);

	if (status == STATUS_OK)
		status = prepare(conn, statement, params, error);
	if (status != STATUS_OK)
		return status;
	if (!send_query(conn, statement, params))
		return fail_lost(conn, statement->what, error);
	return take_results(conn, statement->what, out, error);
}

enum status pg_run(struct pg_conn *conn, const struct pg_statement *statement,
		   struct pg_params *params, PGresult **out, char error[STORE_ERROR_SIZE])
{
	struct pg_params none = { .n = 0 };
	bool was_idle = conn->handle && PQtransactionStatus(conn->handle) == PQTRANS_IDLE;

	params = params ? params : &none;
	*out = NULL;
	enum status status = run_once(conn, statement, params, out, error);
	/* The server was started anew since the last time. */
	if (status == STATUS_UNREACHABLE && was_idle && !conn->handle)
		status = run_once(conn, statement, params, out, error);
	pg_params_clear(params);
	return status;
}

/* The next row; `*out` NULL: there is none any more. */
static enum status take_row(struct pg_conn *conn, const char *what, PGresult **out,
			    char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + (uint64_t)conn->read_ms;
	enum status status = await(conn, what, deadline_ms, conn->read_ms, error);

	*out = status == STATUS_OK ? PQgetResult(conn->handle) : NULL;
	if (!*out || PQresultStatus(*out) == PGRES_SINGLE_TUPLE || is_good(*out))
		return status;
	status = fail_said(conn, what, *out, error);
	PQclear(*out);
	*out = NULL;
	return status;
}

static enum status take_rows(struct pg_conn *conn, const char *what, pg_each_row *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	enum status status;
	PGresult *row;

	while ((status = take_row(conn, what, &row, error)) == STATUS_OK && row) {
		if (PQntuples(row) > 0)
			status = each(user, row, error);
		PQclear(row);
		if (status != STATUS_OK)
			break;
	}
	if (status != STATUS_OK)
		pg_conn_disconnect(conn);
	return status;
}

enum status pg_run_rows(struct pg_conn *conn, const struct pg_statement *statement,
			pg_each_row *row, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params none = { .n = 0 };
	enum status status = pg_conn_connect(conn, error);

	if (status == STATUS_OK)
		status = prepare(conn, statement, &none, error);
	if (status != STATUS_OK)
		return status;
	if (!send_query(conn, statement, &none) || !PQsetSingleRowMode(conn->handle))
		return fail_lost(conn, statement->what, error);
	return take_rows(conn, statement->what, row, user, error);
}

void pg_pipeline_begin(struct pg_conn *conn)
{
	conn->n_sent = 0;
	conn->warned = false;
	conn->unsent = false;
	if (conn->handle && !PQenterPipelineMode(conn->handle))
		pg_conn_disconnect(conn);
}

static void note_sent(struct pg_conn *conn, const char *what)
{
	conn->sent =
		mem_make_room((void *)conn->sent, conn->n_sent, &conn->room, sizeof *conn->sent);
	conn->sent[conn->n_sent++] = what;
}

static void send_prepared(struct pg_conn *conn, const struct pg_statement *statement,
			  struct pg_params *params)
{
	bool prepared = is_prepared(conn, statement);

	if (!prepared && !send_prepare(conn, statement, params)) {
		conn->unsent = true;
		return;
	}
	if (!prepared) {
		note_prepared(conn, statement);
		note_sent(conn, statement->what);
	}
	conn->unsent = !send_query(conn, statement, params);
	note_sent(conn, statement->what);
}

void pg_pipeline_send(struct pg_conn *conn, const struct pg_statement *statement,
		      struct pg_params *params)
{
	struct pg_params none = { .n = 0 };

	if (conn->handle && !conn->unsent)
		send_prepared(conn, statement, params ? params : &none);
	if (params)
		pg_params_clear(params);
}

static void note_result(struct pg_conn *conn, const PGresult *result)
{
	const char *tag = PQcmdStatus((PGresult *)result);

	if (strcmp(tag, "COMMIT") == 0 || strcmp(tag, "ROLLBACK") == 0)
		snprintf(conn->end, sizeof conn->end, "%s", tag);
	if (PQntuples(result) == 1)
		conn->last_number = pg_number(result, 0, 0);
}

/* The result of what was sent as number `i`, up to its end. */
static enum status take_sent(struct pg_conn *conn, size_t i, uint64_t deadline_ms,
			     char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	PGresult *result;

	do {
		enum status waited = await(conn, conn->sent[i], deadline_ms, PG_COMMIT_MS, error);
		if (waited != STATUS_OK)
			return waited;
		result = PQgetResult(conn->handle);
		if (result && !is_good(result) && status == STATUS_OK) {
			status = fail_said(conn, conn->sent[i], result, error);
			conn->failed = conn->sent[i];
		}
		if (result && status == STATUS_OK)
			note_result(conn, result);
		PQclear(result);
	} while (result);
	return status;
}

static enum status take_all_sent(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + PG_COMMIT_MS;
	enum status status = STATUS_OK;

	conn->end[0] = '\0';
	conn->last_number = 0;
	for (size_t i = 0; status == STATUS_OK && i < conn->n_sent; i++)
		status = take_sent(conn, i, deadline_ms, error);
	if (status != STATUS_OK)
		return status;
	if (strcmp(conn->end, "COMMIT") == 0 && !conn->warned)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "could not commit: the database at %s answered %s with a warning: %s", conn->place,
		 conn->end, conn->warning);
	return STATUS_SYSTEM;
}

/* Behind the last result there is that of the synchronization. */
static enum status take_sync(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + PG_COMMIT_MS;
	enum status status = await(conn, "commit", deadline_ms, PG_COMMIT_MS, error);

	if (status != STATUS_OK)
		return status;
	PGresult *result = PQgetResult(conn->handle);
	bool synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
	PQclear(result);
	if (!synced || !PQexitPipelineMode(conn->handle))
		return fail_lost(conn, "commit", error);
	return STATUS_OK;
}

enum status pg_pipeline_commit(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	if (!conn->handle || conn->unsent || PQpipelineStatus(conn->handle) != PQ_PIPELINE_ON ||
	    !PQpipelineSync(conn->handle))
		return fail_lost(conn, "commit", error);
	enum status status = take_all_sent(conn, error);
	if (status == STATUS_OK)
		status = take_sync(conn, error);
	if (status != STATUS_OK)
		pg_conn_disconnect(conn);
	return status;
}
