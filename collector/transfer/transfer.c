#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collector/base/file_open.h"
#include "collector/base/loop.h"
#include "collector/transfer/internal.h"
#include "proto/base/mem.h"

#define CONNECT_LIMIT_MS 15000L

/* A socket of libcurl's that is watched. */
struct watch {
	uv_poll_t poll;
	struct transfers *set;
	curl_socket_t socket;
};

void transfer_put_in(struct transfer **first, struct transfer *t)
{
	assert(!t->previous && t != *first);
	t->next = *first;
	if (t->next)
		t->next->previous = t;
	*first = t;
}

void transfer_take_out(struct transfer **first, struct transfer *t)
{
	assert(t->previous ? t->previous->next == t : *first == t);
	if (t->previous)
		t->previous->next = t->next;
	else
		*first = t->next;
	if (t->next)
		t->next->previous = t->previous;
}

static void transfer_free(struct transfer *t)
{
	if (!t->mail)
		curl_multi_remove_handle(t->set->multi, t->easy); /* also where it is not in it */
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->fields);
	if (t->mail)
		transfer_free_mail(t);
	buffer_deinit(&t->answer);
	arena_deinit(&t->arena);
	free(t);
}

static const char *find_link(const struct transfer *t)
{
	struct curl_header *link;

	return curl_easy_header(t->easy, "Link", 0, CURLH_HEADER, -1, &link) == CURLHE_OK
		       ? link->value
		       : NULL;
}

/* Without what is secret, which the peer may have repeated. */
static void fill_texts(struct transfer *t, CURLcode code, struct transfer_result *out)
{
	const char *error = t->error[0] ? t->error : curl_easy_strerror(code);
	size_t n = strlen(error);

	out->size = t->answer.size;
	buffer_add_char(&t->answer, '\0');
	out->body = transfer_secrets_strike(&t->secrets, t->answer.bytes, &out->size, &t->arena);
	if (!out->completed)
		out->error = transfer_secrets_strike(&t->secrets, error, &n, &t->arena);
}

/* Nothing of the request has left, and it is not for the peer's certificate or for ours. */
static bool is_unsent(const struct transfer *t, CURLcode code)
{
	curl_off_t ready_us = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	return code != CURLE_OK && ready_us == 0 && code != CURLE_PEER_FAILED_VERIFICATION &&
	       code != CURLE_SSL_CERTPROBLEM && code != CURLE_SSL_CACERT_BADFILE;
}

static void fill_result(struct transfer *t, CURLcode code, struct transfer_result *out)
{
	curl_off_t retry_s = 0;

	/* An answer that is cut is one all the same: its status came before its body. */
	*out = (struct transfer_result){ .completed = code == CURLE_OK || t->is_cut,
					 .is_cut = t->is_cut,
					 .unsent = is_unsent(t, code) };
	fill_texts(t, code, out);
	out->link = find_link(t);
	/* The calls below fail only for an invalid handle. */
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &out->status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_s);
	out->retry_s = retry_s < TRANSFER_MAX_RETRY_S ? (int64_t)retry_s : TRANSFER_MAX_RETRY_S;
}

void transfer_finish(struct transfer *t, CURLcode code)
{
	struct transfer_result result;

	fill_result(t, code, &result);
	if (t->done)
		t->done(t->user, &result);
	transfer_free(t);
}

static void destroy(struct transfers *set)
{
	curl_multi_cleanup(set->multi);
	curl_global_cleanup();
	loop_timer_close(set->timer);
	loop_timer_close(set->soon);
	transfers_close_mails(set); /* frees it */
}

/* A `done` may close the set, which then lives until here; and until its mails are over. */
void transfers_end(struct transfers *set)
{
	set->is_busy = false;
	if (set->is_closing && !set->mails)
		destroy(set);
}

static void report_completed(struct transfers *set)
{
	CURLMsg *message;
	int left;

	set->is_busy = true;
	while ((message = curl_multi_info_read(set->multi, &left))) {
		char *user = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
		struct transfer *t = (struct transfer *)(void *)user;
		transfer_take_out(&set->first, t);
		transfer_finish(t, code);
	}
	transfers_end(set);
}

static void act(struct transfers *set, curl_socket_t socket, int events)
{
	int running;

	(void)curl_multi_socket_action(set->multi, socket, events, &running);
	report_completed(set);
}

static void on_timer(void *user)
{
	act(user, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl wants to be called in so many milliseconds, or (-1) no more. */
static int on_timeout_wanted(CURLM *multi, long ms, void *user)
{
	struct transfers *set = user;
	(void)multi;
	if (ms < 0)
		loop_timer_stop(set->timer);
	else
		loop_timer_start(set->timer, (uint64_t)ms);
	return 0;
}

static void on_ready(uv_poll_t *poll, int rc, int events)
{
	struct watch *watch = poll->data;
	int found = 0;

	if (rc < 0)
		found = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		found |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		found |= CURL_CSELECT_OUT;
	act(watch->set, watch->socket, found);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watch *watch_new(struct transfers *set, curl_socket_t socket)
{
	struct watch *watch = mem_alloc(sizeof *watch);

	*watch = (struct watch){ .set = set, .socket = socket };
	if (uv_poll_init_socket(set->loop, &watch->poll, socket) != 0) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	(void)curl_multi_assign(set->multi, socket, watch); /* the socket is libcurl's own */
	return watch;
}

static int on_socket_wanted(CURL *easy, curl_socket_t socket, int what, void *user, void *assigned)
{
	struct watch *watch = assigned;
	int events = 0;
	(void)easy;

	if (what == CURL_POLL_REMOVE) {
		if (watch)
			uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
		(void)curl_multi_assign(((struct transfers *)user)->multi, socket, NULL);
		return 0;
	}
	if (!watch)
		watch = watch_new(user, socket);
	if (!watch)
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&watch->poll, events, on_ready) == 0 ? 0 : -1;
}

static void report_start_failures(void *user)
{
	struct transfers *set = user;

	set->is_busy = true;
	while (set->failed) {
		struct transfer *t = set->failed;
		set->failed = t->next;
		transfer_finish(t, t->failed);
	}
	transfers_end(set);
}

static void free_all(struct transfer *first)
{
	struct transfer *next;

	for (struct transfer *t = first; t; t = next) {
		next = t->next;
		transfer_free(t);
	}
}

struct transfers *transfers_new(uv_loop_t *loop)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	struct transfers *set = mem_alloc(sizeof *set);
	set->loop = loop;
	set->multi = curl_multi_init();
	if (!set->multi) {
		curl_global_cleanup();
		free(set);
		return NULL;
	}
	set->timer = loop_timer_new(loop, on_timer, set);
	set->soon = loop_timer_new(loop, report_start_failures, set);
	transfers_open_mails(set);
	/* The calls below fail only for an unknown option. */
	(void)curl_multi_setopt(set->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	(void)curl_multi_setopt(set->multi, CURLMOPT_SOCKETDATA, set);
	(void)curl_multi_setopt(set->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	(void)curl_multi_setopt(set->multi, CURLMOPT_TIMERDATA, set);
	return set;
}

void transfers_close(struct transfers *set)
{
	if (!set)
		return;
	assert(!set->is_closing);
	free_all(set->first);
	free_all(set->failed);
	set->first = NULL;
	set->failed = NULL;
	for (struct transfer *t = set->mails; t; t = t->next)
		transfer_cancel_mail(t);
	set->is_closing = true;
	if (!set->is_busy)
		transfers_end(set);
}

static size_t on_answer(char *bytes, size_t size, size_t n, void *user)
{
	struct transfer *t = user;
	size_t room = t->max_answer - t->answer.size;

	buffer_add(&t->answer, bytes, size * n < room ? size * n : room);
	t->is_cut |= size * n > room;
	return t->is_cut ? 0 : size * n; /* else it could go on without end */
}

/* The type is curl_write_callback's. NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t on_head(char *bytes, size_t size, size_t n, void *user)
{
	struct transfer *t = user;
	(void)bytes;

	t->head_size += size * n;
	return t->head_size > TRANSFER_MAX_HEAD ? 0 : size * n;
}

/* Opens libcurl's sockets so that no program (collector/hooks/command.c) inherits one. */
static curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
	(void)user, (void)purpose;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

struct curl_slist *transfer_list(struct transfer *t, const char *const *texts, size_t n)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < n; i++) {
		struct curl_slist *longer = curl_slist_append(list, texts[i]);
		if (!longer)
			t->failed = CURLE_OUT_OF_MEMORY;
		else
			list = longer;
	}
	return list;
}

/* libcurl would wait for a pipe, and everybody with it: one may have come there since the start. */
static void check_files(struct transfer *t, const struct transfer_request *r)
{
	const char *const paths[] = { r->ca_file, r->client_cert, r->client_key };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const char *why = paths[i] ? file_fault(paths[i]) : NULL;
		if (!why || t->failed != CURLE_OK)
			continue;
		t->failed = CURLE_READ_ERROR;
		snprintf(t->error, sizeof t->error, "could not read %s: %s", paths[i], why);
	}
}

static void set_common(struct transfer *t, const struct transfer_request *r)
{
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, r->from ? "smtp,smtps" : "http,https");
	SET(CURLOPT_TIMEOUT_MS, (long)r->limit_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS);
	/* libcurl would keep names by the system's clock, for as long as that is set back. */
	SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a name lookup under way must not hold up the end */
	SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_head);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_USERNAME, r->user);
	SET(CURLOPT_PASSWORD, r->password);
	if (r->ca_file)
		SET(CURLOPT_CAINFO, r->ca_file);
	SET(CURLOPT_SSLCERT, r->client_cert);
	SET(CURLOPT_SSLKEY, r->client_key);
	SET(CURLOPT_PROXY, r->proxy ? r->proxy : "");
	SET(CURLOPT_NOPROXY, ""); /* or the environment's no_proxy would lead past it */
	SET(CURLOPT_PROXYUSERNAME, r->proxy_user);
	SET(CURLOPT_PROXYPASSWORD, r->proxy_password);
}

static int on_trace(CURL *easy, curl_infotype type, char *bytes, size_t n, void *user)
{
	struct transfer *t = user;
	(void)easy;

	if (type == CURLINFO_HEADER_IN)
		transcript_add(&t->transcript, false, bytes, n);
	else if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
		transcript_add(&t->transcript, true, bytes, n);
	return 0;
}

static void set_trace(struct transfer *t)
{
	SET(CURLOPT_DEBUGFUNCTION, on_trace);
	SET(CURLOPT_DEBUGDATA, t);
	SET(CURLOPT_VERBOSE, 1L);
}

/* A redirect is no success, so it is not followed: what is signed goes where it was meant to. */
static void set_http(struct transfer *t, const struct transfer_request *r)
{
	t->fields = transfer_list(t, r->fields, r->n_fields);
	SET(CURLOPT_HTTPHEADER, t->fields);
	if (!r->method || t->size > 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, t->body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->size);
	}
	SET(CURLOPT_CUSTOMREQUEST, r->method);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	if (r->show)
		set_trace(t);
	SET(CURLOPT_USERAGENT, "mtawatch-collector/" MTAWATCH_VERSION);
}

static void start_transfer(struct transfers *set, struct transfer *t)
{
	assert(t->failed == CURLE_OK);
	transfer_put_in(&set->first, t);
	(void)curl_multi_add_handle(set->multi, t->easy); /* a new handle of a living multi */
}

static void fail_async(struct transfers *set, struct transfer *t)
{
	assert(t->failed != CURLE_OK);
	t->next = set->failed;
	set->failed = t;
	loop_timer_start(set->soon, 0);
}

struct transfer *transfer_start(struct transfers *set, const struct transfer_request *request,
				transfer_done *done, void *user)
{
	struct transfer *t = mem_alloc(sizeof *t);

	*t = (struct transfer){ .set = set, .size = request->size, .done = done, .user = user };
	t->max_answer = request->max_answer ? request->max_answer : TRANSFER_MAX_ANSWER;
	buffer_init(&t->answer);
	arena_init(&t->arena);
	t->body = arena_strndup(&t->arena, request->body, request->size);
	t->easy = curl_easy_init();
	if (!t->easy)
		abort(); /* only for lack of memory */
	set_common(t, request);
	check_files(t, request);
	transfer_secrets_collect(request, &t->arena, &t->secrets);
	t->transcript = (struct transcript){ .secrets = &t->secrets,
					     .show = request->show,
					     .user = request->show_user };
	if (request->from)
		transfer_set_mail(t, request);
	else
		set_http(t, request);
	if (t->failed == CURLE_OK && t->mail)
		transfer_begin_mail(t);
	else if (t->failed == CURLE_OK)
		start_transfer(set, t);
	if (t->failed != CURLE_OK)
		fail_async(set, t);
	return t;
}

void transfer_cancel(struct transfer *transfer)
{
	transfer->done = NULL;
	if (transfer->failed != CURLE_OK)
		return; /* freed when its turn comes */
	if (transfer->mail) {
		transfer_cancel_mail(transfer); /* likewise */
		return;
	}
	transfer_take_out(&transfer->set->first, transfer);
	transfer_free(transfer);
}
