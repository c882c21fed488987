#include "agent/uplink/enroll.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "agent/platform/keystore.h"
#include "agent/platform/log.h"
#include "agent/platform/secret_file.h"
#include "agent/uplink/answer.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/json/write.h"
#include "proto/report/report.h"

#define FILE_HEAD   "mtawatch-key/1"
#define ENROLL_PATH "/v1/enroll"
#define AGENTS_PATH "/v1/agents/"
#define KEY_BYTES   32
#define KEY_TEXT    64 /* hexadecimal digits */
#define NO_ID       "-"

/* Secrets of collectors (collector/crypto/secret.h) are this and 64 hexadecimal digits. */
#define SECRET_PREFIX "mtw_e"

/* Lies in the data directory of a collector, wherever its store is (collector/store/store.h). */
#define COLLECTOR_FILE "mtawatch.lock"

struct enroll {
	struct host *host;
	struct arena arena; /* the options' strings */
	const char *state_dir;
	const char *secret_file;
	const char *trouble;
	char key[KEY_TEXT + 1];              /* "": none */
	char id[UUID_TEXT_SIZE];             /* "": not enrolled */
	char host_name[ENROLL_MAX_HOST + 1]; /* short, that the key is for */
	int64_t pause_s;                     /* after the next refusal */
};

static bool is_key(const char *text, size_t n)
{
	if (n != KEY_TEXT)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text_hex_digit(text[i]) < 0 || text_lower(text[i]) != text[i])
			return false;
	}
	return true;
}

static bool is_secret(const char *text)
{
	size_t n = sizeof SECRET_PREFIX - 1;
	return text_has_prefix(text, SECRET_PREFIX) && is_key(text + n, strlen(text + n));
}

/* "mtawatch-key/1 KEY ID HOST\n", where ID is "-" before the enrolment; in place. */
static bool parse(struct enroll *e, char *text)
{
	struct uuid uuid;
	size_t n = strlen(text);
	char *key = strchr(text, ' ');
	char *id = key ? strchr(key + 1, ' ') : NULL;
	char *name = id ? strchr(id + 1, ' ') : NULL;

	if (!name || text[n - 1] != '\n')
		return false;
	text[n - 1] = *key++ = *id++ = *name++ = '\0';
	if (strcmp(text, FILE_HEAD) != 0 || !is_key(key, strlen(key)) || *name == '\0' ||
	    strlen(name) > ENROLL_MAX_HOST)
		return false;
	if (strcmp(id, NO_ID) != 0 && uuid_parse(id, &uuid) != STATUS_OK)
		return false;
	memcpy(e->key, key, sizeof e->key);
	memcpy(e->host_name, name, strlen(name) + 1);
	if (strcmp(id, NO_ID) != 0)
		uuid_format(&uuid, e->id);
	return true;
}

static void load_key(struct enroll *e)
{
	char *text = NULL;
	enum status status = keystore_load(e->state_dir, &text);

	if (status == STATUS_NOT_FOUND)
		return;
	if (status == STATUS_OK && !parse(e, text))
		status = STATUS_MALFORMED;
	if (text)
		mem_wipe(text, strlen(text));
	free(text);
	if (status == STATUS_OK)
		return;
	e->trouble = arena_printf(&e->arena, "could not read the agent's key in %s: %s",
				  e->state_dir, status_text(status));
	log_error("%s", e->trouble);
}

static enum status save_key(const struct enroll *e)
{
	char text[KEYSTORE_MAX_TEXT];

	(void)snprintf(text, sizeof text, FILE_HEAD " %s %s %s\n", e->key, e->id[0] ? e->id : NO_ID,
		       e->host_name);
	enum status status = keystore_save(e->state_dir, text);
	mem_wipe(text, sizeof text);
	if (status != STATUS_OK)
		log_error("could not save the agent's key in %s: %s", e->state_dir,
			  status_text(status));
	return status;
}

struct enroll *enroll_open(struct host *host, const char *state_dir, const char *secret_file)
{
	struct enroll *e = mem_alloc(sizeof *e);

	e->host = host;
	arena_init(&e->arena);
	e->state_dir = arena_strdup(&e->arena, state_dir);
	e->secret_file = arena_strdup(&e->arena, secret_file);
	e->pause_s = ENROLL_MIN_PAUSE_S;
	load_key(e);
	return e;
}

void enroll_close(struct enroll *enroll)
{
	if (!enroll)
		return;
	arena_deinit(&enroll->arena);
	mem_wipe(enroll, sizeof *enroll);
	free(enroll);
}

const char *enroll_id(const struct enroll *enroll)
{
	return enroll->id[0] ? enroll->id : NULL;
}

const char *enroll_trouble(const struct enroll *enroll)
{
	return enroll->trouble;
}

const char *enroll_authorization(const struct enroll *enroll, struct arena *arena)
{
	return enroll->id[0] ? arena_printf(arena, "Bearer %s.%s", enroll->id, enroll->key) : NULL;
}

const char *enroll_host_name(const struct enroll *enroll)
{
	return enroll->key[0] ? enroll->host_name : NULL;
}

bool enroll_is_for(const struct enroll *enroll, const char *host_name)
{
	size_t n = text_short_name_length(host_name);

	return strlen(enroll->host_name) == n && text_has_prefix(host_name, enroll->host_name);
}

/* Is this server called so now? What was spooled before it was renamed has the name of before. */
static bool is_own_name(const struct enroll *e, const char *name)
{
	struct host_identity own;
	struct os_error ignored;
	struct arena scratch;

	arena_init(&scratch);
	bool is = host_identify(e->host, &scratch, &own, &ignored) == STATUS_OK &&
		  text_equal(report_text(own.name, &scratch), name);
	arena_deinit(&scratch);
	return is;
}

bool enroll_is_due(const struct enroll *enroll, const char *host_name)
{
	return enroll->secret_file && (!enroll->id[0] || !enroll_is_for(enroll, host_name)) &&
	       is_own_name(enroll, host_name);
}

/* A key for a server of this name: the one that there is, or a new one, on the disk. */
static enum status need_key(struct enroll *e, const char *host_name)
{
	struct os_error error;
	uint8_t bytes[KEY_BYTES];
	size_t n = text_short_name_length(host_name);

	if (e->key[0] && enroll_is_for(e, host_name))
		return STATUS_OK;
	if (n == 0 || n > ENROLL_MAX_HOST)
		return STATUS_LIMIT;
	if (e->key[0])
		log_warning("this server is called %s now; the key that it has was made for %s, so "
			    "it enrols anew",
			    host_name, e->host_name);
	enum status status = host_random(e->host, bytes, sizeof bytes, &error);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(e->key + 2 * i, 3, "%02x", bytes[i]);
	memcpy(e->host_name, host_name, n);
	e->host_name[n] = '\0';
	e->id[0] = '\0';
	status = save_key(e);
	if (status != STATUS_OK)
		e->key[0] = '\0'; /* the collector shall know none that could be lost */
	return status;
}

/*
 * As secret_file_read(); `*words` (may be NULL) say which secret and why not. A file that was named
 * by mistake is another's: nothing of it may leave this machine, nor be erased.
 */
static enum status read_secret(const struct enroll *e, struct arena *arena, char **secret,
			       const char **words)
{
	const char *wrong = NULL;
	enum status status = secret_file_read(e->secret_file, arena, secret, &wrong);

	if (status == STATUS_OK && !is_secret(*secret)) {
		secret_file_free(*secret);
		*secret = NULL;
		wrong = "it is no enrolment secret (\"" SECRET_PREFIX
			"\" and 64 hexadecimal digits, on one line); it was neither sent nor "
			"changed";
		status = STATUS_MALFORMED;
	}
	if (status != STATUS_OK && words)
		*words = arena_printf(arena, "could not read the enrolment secret %s: %s",
				      e->secret_file, wrong);
	return status;
}

static bool has_secret(const struct enroll *e)
{
	struct arena scratch;
	char *secret = NULL;

	if (!e->secret_file)
		return false;
	arena_init(&scratch);
	bool has = read_secret(e, &scratch, &secret, NULL) == STATUS_OK;
	secret_file_free(secret);
	arena_deinit(&scratch);
	return has;
}

/* Does it lie in a collector's data directory, which hands it out to others, too? */
static bool is_collectors(const char *path)
{
	size_t n = strlen(path);
	struct arena arena;

	while (n > 0 && path[n - 1] != '/' && path[n - 1] != '\\')
		n--;
	arena_init(&arena);
	bool is = files_exists(arena_printf(&arena, "%.*s" COLLECTOR_FILE, (int)n, path));
	arena_deinit(&arena);
	return is;
}

/* The secret has done its work. */
static void erase_secret(const struct enroll *e)
{
	if (!files_is_local(e->secret_file) || !has_secret(e))
		return;
	if (is_collectors(e->secret_file)) {
		log_info("the enrolment secret %s, which is used, stays: it lies in a collector's "
			 "data directory",
			 e->secret_file);
		return;
	}
	enum status status = files_erase(e->secret_file);
	if (status == STATUS_OK)
		log_info("erased the enrolment secret %s, which is used", e->secret_file);
	else
		log_warning("could not erase the enrolment secret %s, which is used: %s; please "
			    "remove it",
			    e->secret_file, status_text(status));
}

/* `key` NULL: the secret is only to be checked. */
static char *make_body(const char *secret, const char *host_name, const char *key)
{
	struct buffer out = { 0 };

	json_open_object(&out, NULL);
	json_put_text(&out, "secret", secret);
	json_put_text(&out, "host", host_name);
	if (key)
		json_put_text(&out, "key", key);
	else
		json_put_bool(&out, "check", true);
	json_close_object(&out);
	return buffer_take_text(&out);
}

/* Sends it, and leaves nothing of the secret in memory. */
static void post_secret(struct sender *sender, const char *collector, char *secret,
			const char *host_name, const char *key, struct send_result *result)
{
	char *body = make_body(secret, host_name, key);
	struct send_request request = { .method = SEND_POST,
					.collector = collector,
					.path = ENROLL_PATH,
					.body = body,
					.has_secret = true,
					.age_ms = -1 };

	send_do(sender, &request, result);
	secret_file_free(body);
	secret_file_free(secret);
}

static enum status take_id(struct enroll *e, const struct send_result *result)
{
	if (answer_read_enrolment(result->body ? result->body : "", result->size, e->id) !=
	    STATUS_OK)
		return STATUS_MALFORMED;
	log_info("the collector enrolled this server as agent %s", e->id);
	e->pause_s = ENROLL_MIN_PAUSE_S;
	if (save_key(e) == STATUS_OK) /* else the secret is needed at the next start */
		erase_secret(e);
	return STATUS_OK;
}

/* Words of a refusal for the administrator. */
static const char *words_of(const struct enroll *e, const struct answer_problem *problem,
			    struct arena *arena)
{
	const char *code = problem->code;

	if (strcmp(code, "unknown_secret") == 0)
		return arena_printf(arena,
				    "it does not know the enrolment secret in %s: was that "
				    "withdrawn, or has it expired?",
				    e->secret_file);
	if (strcmp(code, "host_enrolled") == 0)
		return arena_printf(arena,
				    "a server named %s is enrolled there with another key "
				    "(was this one set up anew, or are there two of that "
				    "name?): an operator has to release the name at the "
				    "collector, then the agent enrols by itself",
				    e->host_name);
	return arena_printf(arena, "it refuses to enrol this server as %s: %s", e->host_name,
			    problem->words);
}

/* A refusal stands for a while: each one makes the next attempt wait longer. */
static void lengthen_pause(struct enroll *e, struct send_result *result)
{
	if (result->retry_s < e->pause_s)
		result->retry_s = e->pause_s;
	e->pause_s = e->pause_s * 2 < ENROLL_MAX_PAUSE_S ? e->pause_s * 2 : ENROLL_MAX_PAUSE_S;
}

static enum status settle_answer(struct enroll *e, struct arena *arena, struct send_result *result,
				 const char **words)
{
	if (result->outcome == SEND_STOPPED)
		return STATUS_TIMED_OUT;
	if (result->http_status == 200 && take_id(e, result) == STATUS_OK)
		return STATUS_OK;
	struct answer_problem problem = answer_read_problem(result, arena);
	if (result->http_status >= 500 || (result->http_status != 200 && !problem.code))
		return STATUS_UNREACHABLE;
	*words = result->http_status == 200 ? "what answers the enrolment is no collector"
					    : words_of(e, &problem, arena);
	lengthen_pause(e, result);
	return STATUS_REFUSED;
}

enum status enroll_do(struct enroll *enroll, struct sender *sender, const char *collector,
		      const char *host_name, struct arena *arena, struct send_result *result,
		      const char **words)
{
	char *secret = NULL;

	*result = (struct send_result){ .outcome = SEND_FAILED };
	enum status status = need_key(enroll, host_name);
	if (status != STATUS_OK)
		*words = "could not make or save a key to enrol with";
	else
		status = read_secret(enroll, arena, &secret, words);
	if (status != STATUS_OK) {
		lengthen_pause(enroll, result);
		return status == STATUS_TIMED_OUT || status == STATUS_UNREACHABLE ? STATUS_SYSTEM
										  : status;
	}
	post_secret(sender, collector, secret, enroll->host_name, enroll->key, result);
	return settle_answer(enroll, arena, result, words);
}

enum status enroll_check_secret(struct enroll *enroll, struct sender *sender, const char *collector,
				const char *host_name, struct arena *arena, const char **words)
{
	struct send_result *result = arena_alloc(arena, sizeof *result);
	char *secret = NULL;
	enum status status = read_secret(enroll, arena, &secret, words);

	if (status != STATUS_OK)
		return status;
	post_secret(sender, collector, secret, host_name, NULL, result);
	struct answer_problem problem = answer_read_problem(result, arena);
	bool is_good = result->http_status == 204;
	free(result->body);
	if (is_good)
		return STATUS_OK;
	if (problem.code && strcmp(problem.code, "invalid_member") == 0)
		*words = "the collector is too old to tell whether it knows the enrolment secret";
	else
		*words = problem.code ? words_of(enroll, &problem, arena) : problem.words;
	return problem.code ? STATUS_REFUSED : STATUS_UNREACHABLE;
}

bool enroll_lost(struct enroll *enroll)
{
	if (!has_secret(enroll) || !is_own_name(enroll, enroll->host_name))
		return false;
	log_warning("the collector does not know agent %s any more: it enrols again", enroll->id);
	enroll->id[0] = '\0';
	(void)save_key(enroll); /* logged; the id is then given up at the next start */
	return true;
}

/* Tells the collector; what it does not know any more is released as well. */
static enum status tell_release(const struct enroll *e, struct sender *sender,
				const char *collector, struct arena *arena, const char **words)
{
	struct send_result result;
	struct send_request request = { .method = SEND_DELETE,
					.collector = collector,
					.path = arena_printf(arena, AGENTS_PATH "%s", e->id),
					.authorization = enroll_authorization(e, arena),
					.age_ms = -1 };

	send_do(sender, &request, &result);
	struct answer_problem problem = answer_read_problem(&result, arena);
	bool is_unknown = problem.code && (result.http_status == 401 || result.http_status == 404);
	bool done = result.http_status == 204 || is_unknown;
	if (!done)
		*words = problem.words;
	free(result.body);
	return done ? STATUS_OK : STATUS_UNREACHABLE;
}

enum status enroll_release(struct host *host, const char *state_dir, const char *collector,
			   const struct send_options *options, struct arena *arena,
			   const char **words)
{
	struct enroll *e = enroll_open(host, state_dir, NULL);
	struct sender *sender = NULL;
	enum status status = STATUS_OK;

	*words = e->trouble ? arena_strdup(arena, e->trouble) : "";
	if (enroll_id(e)) {
		status = send_open(&sender, options);
		if (status == STATUS_OK)
			status = tell_release(e, sender, collector, arena, words);
		send_close(sender);
	}
	enroll_close(e);
	return status == STATUS_OK ? keystore_remove(state_dir) : status;
}
