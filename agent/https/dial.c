#include "agent/https/dial.h"

#include <stdbool.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "agent/https/curl_options.h"
#include "agent/https/proxy_login.h"
#include "agent/https/url.h"
#include "agent/platform/socket.h"
#include "proto/base/mem.h"

struct dial {
	CURL *curl;
	struct arena arena;
	bool (*stopped)(void *user);
	void *user;
	char error[CURL_ERROR_SIZE];
	socket_handle socket;
};

/* Asked at least once a second. */
static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	const struct dial *d = user;
	(void)down_total, (void)down, (void)up_total, (void)up;
	return d->stopped && d->stopped(d->user);
}

/* As http://, so that libcurl speaks no TLS of its own. */
static CURLcode connect_to(struct dial *d, const struct url_place *place,
			   const struct send_options *options)
{
	CURLcode bad = (CURLcode)curl_options_apply(d->curl, options, &d->arena);
	curl_socket_t handle = CURL_SOCKET_BAD;

	CURL_SET(bad, d->curl, CURLOPT_URL,
		 arena_printf(&d->arena, "http://%s:%u", place->host, place->port));
	CURL_SET(bad, d->curl, CURLOPT_CONNECT_ONLY, 1L);
	CURL_SET(bad, d->curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
	CURL_SET(bad, d->curl, CURLOPT_ERRORBUFFER, d->error);
	CURL_SET(bad, d->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	CURL_SET(bad, d->curl, CURLOPT_XFERINFODATA, d);
	CURL_SET(bad, d->curl, CURLOPT_NOPROGRESS, 0L);
	if (bad == CURLE_OK)
		bad = curl_easy_perform(d->curl);
	if (bad == CURLE_OK)
		bad = curl_easy_getinfo(d->curl, CURLINFO_ACTIVESOCKET, &handle);
	d->socket = (socket_handle)handle;
	return bad;
}

/* Connects, or says in `error` why not. */
static bool try_connect(struct dial *d, const char *url, const struct send_options *options,
			char error[SEND_MAX_ERROR_TEXT])
{
	struct url_place place;
	CURLcode bad = CURLE_URL_MALFORMAT;

	if (d->curl && proxy_login_apply(d->curl, options, error, SEND_MAX_ERROR_TEXT) != STATUS_OK)
		return false;
	if (d->curl && url_read(url, &d->arena, &place) == STATUS_OK)
		bad = connect_to(d, &place, options);
	if (bad != CURLE_OK)
		curl_options_explain(d->curl, options, (int)bad, d->error, error,
				     SEND_MAX_ERROR_TEXT);
	return bad == CURLE_OK;
}

enum status dial_open(struct dial **out, const char *url, const struct send_options *options,
		      char error[SEND_MAX_ERROR_TEXT])
{
	struct dial *d = mem_alloc(sizeof *d);

	arena_init(&d->arena);
	d->stopped = options->stopped;
	d->user = options->user;
	d->curl = curl_easy_init();
	if (try_connect(d, url, options, error)) {
		*out = d;
		return STATUS_OK;
	}
	dial_close(d);
	return STATUS_UNREACHABLE;
}

void dial_close(struct dial *dial)
{
	if (!dial)
		return;
	curl_easy_cleanup(dial->curl);
	arena_deinit(&dial->arena);
	free(dial);
}

/* Waits for what the last call could not do. */
static enum status wait_for(struct dial *d, bool to_read, uint32_t ms)
{
	struct socket_watch watch = { .socket = d->socket, .read = to_read, .write = !to_read };

	if (d->stopped && d->stopped(d->user))
		return STATUS_UNREACHABLE;
	return socket_wait(&watch, 1, ms) == STATUS_OK ? STATUS_TIMED_OUT : STATUS_UNREACHABLE;
}

enum status dial_send(struct dial *dial, const void *bytes, size_t n, uint32_t ms, size_t *sent)
{
	CURLcode code = curl_easy_send(dial->curl, bytes, n, sent);

	if (code == CURLE_AGAIN)
		return wait_for(dial, false, ms);
	return code == CURLE_OK ? STATUS_OK : STATUS_UNREACHABLE;
}

enum status dial_receive(struct dial *dial, void *bytes, size_t size, uint32_t ms, size_t *got)
{
	CURLcode code = curl_easy_recv(dial->curl, bytes, size, got);

	if (code == CURLE_AGAIN)
		return wait_for(dial, true, ms);
	return code == CURLE_OK && *got > 0 ? STATUS_OK : STATUS_UNREACHABLE;
}
