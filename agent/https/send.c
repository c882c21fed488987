#include "agent/https/send.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "agent/https/curl_options.h"
#include "agent/https/http_date.h"
#include "agent/https/named_file.h"
#include "agent/https/proxy_login.h"
#include "agent/https/url.h"
#include "agent/platform/process.h"
#include "agent/platform/ticks.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

#define MAX_HEADERS 5
#define OVERDUE_MS  2000 /* how much later than libcurl a send is given up here */

struct sender {
	CURL *curl;
	struct arena arena; /* the options' strings */
	struct send_options options;
	char error[CURL_ERROR_SIZE];
	char *body; /* of the answer that comes in */
	size_t size;
	bool too_long;
	uint32_t begun_tick_ms;
	bool overdue;
	int64_t date_ms;
};

/* Takes a part of the answer. */
static size_t on_body(char *bytes, size_t one, size_t n, void *user)
{
	struct sender *s = user;
	(void)one; /* always 1, says libcurl */

	if (n > SEND_MAX_ANSWER - s->size) {
		s->too_long = true;
		return 0;
	}
	s->body = mem_realloc(s->body, s->size + n + 1);
	memcpy(s->body + s->size, bytes, n);
	s->size += n;
	s->body[s->size] = '\0';
	return n;
}

/* Takes a line of head, of which only the date matters; libcurl bounds the lines. */
static size_t on_header(char *line, size_t one, size_t n, void *user)
{
	static const char name[] = "Date: ";
	struct sender *s = user;
	size_t length = n;
	(void)one;

	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	char *text = mem_strndup(line, length);
	if (text_has_prefix(text, name)) /* one that cannot be read is none */
		(void)http_date_parse(text + sizeof name - 1, strlen(text) - (sizeof name - 1),
				      &s->date_ms);
	free(text);
	return n;
}

/*
 * Asked at least once a second. Before Vista libcurl takes its time from GetTickCount()
 * (lib/timeval.c), and a timeout that runs when that begins anew lasts 49.7 days; here is another
 * one.
 */
static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	struct sender *s = user;
	(void)down_total, (void)down, (void)up_total, (void)up;
	s->overdue = ticks_have_passed(s->begun_tick_ms, process_tick_ms(),
				       SEND_TIMEOUT_MS + OVERDUE_MS);
	return s->overdue || (s->options.stopped && s->options.stopped(s->options.user));
}

bool send_is_url(const char *url)
{
	size_t scheme = text_has_prefix(url, "http://")    ? 7
			: text_has_prefix(url, "https://") ? 8
							   : 0;
	return scheme > 0 && url[scheme] != '\0' && url[scheme] != '/';
}

const char *send_default_ca_file(void)
{
	return curl_version_info(CURLVERSION_NOW)->cainfo;
}

bool send_takes_der(void)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return tls && text_has_prefix(tls, "mbedTLS");
}

bool send_verifies_addresses(void)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return !tls || !text_has_prefix(tls, "mbedTLS/2");
}

struct send_options send_copy_options(const struct send_options *options, struct arena *arena)
{
	struct send_options copy = *options;

	copy.ca_file = arena_strdup(arena, options->ca_file);
	copy.client_cert = arena_strdup(arena, options->client_cert);
	copy.client_key = arena_strdup(arena, options->client_key);
	copy.proxy = arena_strdup(arena, options->proxy);
	copy.proxy_user = arena_strdup(arena, options->proxy_user);
	copy.proxy_password_file = arena_strdup(arena, options->proxy_password_file);
	for (size_t i = 0; i < options->n_pins; i++)
		copy.pins[i] = arena_strdup(arena, options->pins[i]);
	return copy;
}

/* "https://collector.example/" and "/v1/reports" */
static char *join_url(struct arena *arena, const struct send_request *request)
{
	size_t n = strlen(request->collector);

	while (n > 0 && request->collector[n - 1] == '/')
		n--;
	return arena_printf(arena, "%.*s%s", (int)n, request->collector, request->path);
}

static bool set_options(struct sender *s)
{
	CURLcode bad = (CURLcode)curl_options_apply(s->curl, &s->options, &s->arena);

	CURL_SET(bad, s->curl, CURLOPT_TIMEOUT_MS, (long)SEND_TIMEOUT_MS);
	CURL_SET(bad, s->curl, CURLOPT_ERRORBUFFER, s->error);
	CURL_SET(bad, s->curl, CURLOPT_WRITEFUNCTION, on_body);
	CURL_SET(bad, s->curl, CURLOPT_WRITEDATA, s);
	CURL_SET(bad, s->curl, CURLOPT_HEADERFUNCTION, on_header);
	CURL_SET(bad, s->curl, CURLOPT_HEADERDATA, s);
	CURL_SET(bad, s->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	CURL_SET(bad, s->curl, CURLOPT_XFERINFODATA, s);
	CURL_SET(bad, s->curl, CURLOPT_NOPROGRESS, 0L);
	return bad == CURLE_OK;
}

enum status send_open(struct sender **out, const struct send_options *options)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return STATUS_SYSTEM;

	struct sender *s = mem_alloc(sizeof *s);
	arena_init(&s->arena);
	s->options = send_copy_options(options, &s->arena);
	s->curl = curl_easy_init();
	if (!s->curl || !set_options(s)) {
		send_close(s);
		return STATUS_SYSTEM;
	}
	*out = s;
	return STATUS_OK;
}

void send_close(struct sender *sender)
{
	if (!sender)
		return;
	curl_easy_cleanup(sender->curl);
	curl_global_cleanup();
	arena_deinit(&sender->arena);
	free(sender->body);
	free(sender);
}

/* NULL where the list could not be made. */
static struct curl_slist *make_headers(const struct send_request *request, struct arena *arena)
{
	const char *lines[MAX_HEADERS];
	size_t n = 0;
	struct curl_slist *list = NULL;

	lines[n++] = "Expect:"; /* or libcurl waits for 100 Continue before a large body */
	lines[n++] = "Accept: application/json";
	if (request->body)
		lines[n++] = "Content-Type: application/json";
	if (request->age_ms >= 0)
		lines[n++] = arena_printf(arena, "Mtawatch-Report-Age: %" PRId64,
					  request->age_ms / 1000);
	if (request->authorization)
		lines[n++] = arena_printf(arena, "Authorization: %s", request->authorization);
	for (size_t i = 0; i < n; i++) {
		struct curl_slist *longer = curl_slist_append(list, lines[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static void take_answer(struct sender *s, struct send_result *result)
{
	curl_off_t retry_s = 0;
	const char *type = NULL;

	if (curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &result->http_status) != CURLE_OK)
		result->http_status = 0;
	result->outcome = SEND_ANSWERED;
	if (curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &retry_s) == CURLE_OK && retry_s > 0)
		result->retry_s = retry_s < SEND_MAX_RETRY_S ? (int64_t)retry_s : SEND_MAX_RETRY_S;
	if (curl_easy_getinfo(s->curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
		(void)snprintf(result->content_type, sizeof result->content_type, "%s", type);
	result->body = s->body;
	result->size = s->size;
	s->body = NULL;
}

/* Errors that a certificate, a key, or the other side's refusal of ours may cause. */
static bool may_be_tls(CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SEND_ERROR: /* TLS 1.3: our certificate is refused when we take it for done */
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return true;
	default:
		return false;
	}
}

/* Did the time pass while TLS was agreed on, over a connection that stood? */
static bool hung_in_handshake(CURL *curl, bool has_proxy)
{
	long local_port = 0; /* of the connection; curl tells its time only when TLS stands, too */
	curl_off_t agreed_us = 0;
	long tunnel = 0;

	if (curl_easy_getinfo(curl, CURLINFO_LOCAL_PORT, &local_port) != CURLE_OK ||
	    curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME_T, &agreed_us) != CURLE_OK ||
	    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &tunnel) != CURLE_OK)
		return false;
	return local_port > 0 && agreed_us == 0 && (!has_proxy || tunnel == 200);
}

static bool is_tls_trouble(const struct sender *s, CURLcode code,
			   const struct send_request *request)
{
	if (!text_has_prefix(request->collector, "https://") ||
	    curl_options_proxy_refusal(s->curl) > 0)
		return false;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return hung_in_handshake(s->curl, s->options.proxy != NULL);
	return may_be_tls(code);
}

static void take_failure(struct sender *s, CURLcode code, const struct send_request *request,
			 struct send_result *result)
{
	result->outcome = code == CURLE_ABORTED_BY_CALLBACK ? SEND_STOPPED : SEND_FAILED;
	result->tls_trouble = is_tls_trouble(s, code, request);
	if (s->too_long)
		(void)snprintf(result->error, sizeof result->error,
			       "the answer is longer than allowed");
	else
		curl_options_explain(s->curl, &s->options, (int)code, s->error, result->error,
				     sizeof result->error);
}

/* Through a proxy that asks who we are, whose answer is none of the collector's. */
static bool is_asked_by_proxy(const struct sender *s)
{
	long status = 0;

	return s->options.proxy &&
	       curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
	       status == PROXY_LOGIN_ASKED;
}

static void take_result(struct sender *s, CURLcode code, const struct send_request *request,
			struct send_result *result)
{
	if (code != CURLE_OK)
		take_failure(s, code, request, result);
	else if (is_asked_by_proxy(s))
		proxy_login_explain(s->curl, &s->options, PROXY_LOGIN_ASKED, result->error,
				    sizeof result->error);
	else
		take_answer(s, result);
}

static CURLcode set_request(struct sender *s, const struct send_request *request,
			    struct arena *arena)
{
	static const char *const methods[] = { "GET", "POST", "DELETE" };
	CURLcode bad = CURLE_OK;

	CURL_SET(bad, s->curl, CURLOPT_URL, join_url(arena, request));
	CURL_SET(bad, s->curl, CURLOPT_HTTPGET, 1L); /* forgets the last one's body */
	if (request->body) {
		CURL_SET(bad, s->curl, CURLOPT_POST, 1L);
		CURL_SET(bad, s->curl, CURLOPT_POSTFIELDS, request->body);
		CURL_SET(bad, s->curl, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)strlen(request->body));
	}
	CURL_SET(bad, s->curl, CURLOPT_CUSTOMREQUEST, methods[request->method]);
	return bad;
}

/* Forgets the answer before this one. */
static void forget_answer(struct sender *s)
{
	free(s->body);
	s->body = NULL;
	s->size = 0;
	s->too_long = false;
	s->error[0] = '\0';
	s->overdue = false;
	s->begun_tick_ms = process_tick_ms();
	s->date_ms = TIMESTAMP_NONE;
}

static void perform(struct sender *s, const struct send_request *request,
		    struct send_result *result)
{
	struct arena arena;

	arena_init(&arena);
	struct curl_slist *headers = make_headers(request, &arena);
	CURLcode code = headers ? set_request(s, request, &arena) : CURLE_OUT_OF_MEMORY;
	CURL_SET(code, s->curl, CURLOPT_HTTPHEADER, headers);
	if (code == CURLE_OK)
		code = curl_easy_perform(s->curl);
	if (code == CURLE_ABORTED_BY_CALLBACK && s->overdue)
		code = CURLE_OPERATION_TIMEDOUT;
	result->date_ms = s->date_ms;
	take_result(s, code, request, result);
	(void)curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, NULL); /* cannot fail */
	(void)curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(headers);
	arena_deinit(&arena);
}

static bool stays_here(const char *url)
{
	struct arena arena;
	struct url_place place;

	arena_init(&arena);
	bool stays = url_read(url, &arena, &place) == STATUS_OK && url_is_loopback(&place);
	arena_deinit(&arena);
	return stays;
}

/* Does it carry a secret where others can read it, and nobody allowed that? */
static bool would_betray(const struct sender *s, const struct send_request *request)
{
	const struct send_options *o = &s->options;

	if (o->allow_plain || !(request->authorization || request->has_secret) ||
	    !text_has_prefix(request->collector, "http://"))
		return false;
	return !stays_here(request->collector) || (o->proxy && !stays_here(o->proxy));
}

static enum status check_files(const struct sender *s, char *error, size_t size)
{
	struct arena arena;

	arena_init(&arena);
	const char *fault = named_files_fault(&s->options, &arena);
	if (fault)
		(void)snprintf(error, size, "%s", fault);
	arena_deinit(&arena);
	return fault ? STATUS_INVALID : STATUS_OK;
}

void send_do(struct sender *sender, const struct send_request *request, struct send_result *result)
{
	*result = (struct send_result){ .outcome = SEND_FAILED, .date_ms = TIMESTAMP_NONE };
	forget_answer(sender);
	if (would_betray(sender, request))
		(void)snprintf(result->error, sizeof result->error,
			       "the URL is http://, so that everybody on the way could read the "
			       "agent's secret; use https://, or allow it with --allow-plain "
			       "(AllowPlain)");
	else if (check_files(sender, result->error, sizeof result->error) == STATUS_OK &&
		 proxy_login_apply(sender->curl, &sender->options, result->error,
				   sizeof result->error) == STATUS_OK)
		perform(sender, request, result);
}
