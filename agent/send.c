#include "agent/send.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "agent/answer.h"
#include "proto/arena.h"
#include "proto/mem.h"
#include "proto/text.h"

#define REPORTS_PATH "/v1/reports"

struct sender {
	CURL *curl;
	struct arena arena; /* the options' strings */
	bool (*stopped)(void);
	char error[CURL_ERROR_SIZE];
	char *body; /* of the answer that comes in */
	size_t size;
	bool too_long;
};

/* Takes a part of the answer. */
static size_t on_body(char *bytes, size_t one, size_t n, void *user)
{
	struct sender *s = user;
	(void)one; /* always 1, says libcurl */

	if (n > ANSWER_MAX_BYTES - s->size) {
		s->too_long = true;
		return 0;
	}
	s->body = mem_realloc(s->body, s->size + n + 1);
	memcpy(s->body + s->size, bytes, n);
	s->size += n;
	s->body[s->size] = '\0';
	return n;
}

/* Asked at least once a second. */
static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	const struct sender *s = user;
	(void)down_total, (void)down, (void)up_total, (void)up;
	return s->stopped && s->stopped();
}

bool send_is_url(const char *url)
{
	size_t scheme = text_has_prefix(url, "http://")    ? 7
			: text_has_prefix(url, "https://") ? 8
							   : 0;
	return scheme > 0 && url[scheme] != '\0' && url[scheme] != '/';
}

/* "https://collector.example/" and "/v1/reports" */
static char *join_url(struct arena *arena, const char *collector)
{
	size_t n = strlen(collector);

	while (n > 0 && collector[n - 1] == '/')
		n--;
	return arena_printf(arena, "%.*s" REPORTS_PATH, (int)n, collector);
}

static bool set_options(struct sender *s, const struct send_options *options)
{
	CURLcode bad = CURLE_OK;

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (bad == CURLE_OK)                                                               \
			bad = curl_easy_setopt(s->curl, option, value);                            \
	} while (0)
	SET(CURLOPT_URL, join_url(&s->arena, options->collector));
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_USERAGENT, "mtawatch-agent/" MTAWATCH_VERSION);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)SEND_CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)SEND_TIMEOUT_MS);
	SET(CURLOPT_ERRORBUFFER, s->error);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, s);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, s);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* at the end a stuck name lookup is left behind */
	if (options->ca_file)
		SET(CURLOPT_CAINFO, arena_strdup(&s->arena, options->ca_file));
#undef SET
	return bad == CURLE_OK;
}

enum status send_open(struct sender **out, const struct send_options *options)
{
	if (!send_is_url(options->collector))
		return STATUS_INVALID;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return STATUS_SYSTEM;

	struct sender *s = mem_alloc(sizeof *s);
	arena_init(&s->arena);
	s->stopped = options->stopped;
	s->curl = curl_easy_init();
	if (!s->curl || !set_options(s, options)) {
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
static struct curl_slist *make_headers(int64_t age_ms)
{
	char age[64];
	struct curl_slist *list = NULL;

	(void)snprintf(age, sizeof age, "Mtawatch-Report-Age: %" PRId64, age_ms / 1000);
	/* An empty Expect keeps libcurl from waiting for 100 Continue before a large body. */
	const char *const lines[] = { "Content-Type: application/json", "Expect:", age };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct curl_slist *longer = curl_slist_append(list, lines[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static enum send_outcome outcome_of(long http_status)
{
	switch (http_status) {
	case 200:
		return SEND_ACCEPTED;
	case 400:
	case 409:
	case 413:
	case 422:
		return SEND_REFUSED;
	default:
		return SEND_AWAY;
	}
}

static void take_answer(struct sender *s, struct send_result *result)
{
	curl_off_t retry_s = 0;

	if (curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &result->http_status) != CURLE_OK)
		result->http_status = 0;
	result->outcome = outcome_of(result->http_status);
	if (curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &retry_s) == CURLE_OK && retry_s > 0)
		result->retry_s = retry_s < SEND_MAX_RETRY_S ? (int64_t)retry_s : SEND_MAX_RETRY_S;
	result->body = s->body;
	result->size = s->size;
	s->body = NULL;
}

static void take_failure(struct sender *s, CURLcode code, struct send_result *result)
{
	result->outcome = code == CURLE_ABORTED_BY_CALLBACK ? SEND_STOPPED : SEND_AWAY;
	(void)snprintf(result->error, sizeof result->error, "%s",
		       s->too_long           ? "the answer is longer than allowed"
		       : s->error[0] != '\0' ? s->error
					     : curl_easy_strerror(code));
}

void send_report(struct sender *sender, const char *body, int64_t age_ms,
		 struct send_result *result)
{
	struct sender *s = sender;
	struct curl_slist *headers = make_headers(age_ms);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*result = (struct send_result){ .outcome = SEND_AWAY };
	free(s->body);
	s->body = NULL;
	s->size = 0;
	s->too_long = false;
	s->error[0] = '\0';
	if (headers && curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
	    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body)) ==
		    CURLE_OK)
		code = curl_easy_perform(s->curl);
	if (code == CURLE_OK)
		take_answer(s, result);
	else
		take_failure(s, code, result);
	(void)curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, NULL); /* cannot fail */
	curl_slist_free_all(headers);
}
