#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/transfer/internal.h"
#include "proto/base/mem.h"

/* Sockets of one transfer at once: its connection, or tries at several addresses. */
#define MAX_SOCKETS 16

/*
 * A mail on its way. libcurl's SMTP waits for some answers within the call that needs them, also of
 * its multi interface (for that to the mail's end, and to QUIT): on the loop a mail server that
 * hangs would hang everybody. So each mail has a thread, which owns the handle until it ends.
 */
struct mail_run {
	struct transfer *transfer;
	uv_thread_t thread;
	atomic_bool is_cancelled;
	CURLcode code; /* how it ended */
	struct curl_slist *receivers;
	size_t sent; /* bytes of the mail */
	curl_socket_t sockets[MAX_SOCKETS];
	size_t n_sockets;
	struct buffer trace; /* what went over the line: a struct piece, its bytes, ... */
	struct mail_run *next;
};

struct piece {
	bool sent;
	size_t n;
};

/* On the thread. */

static size_t on_mail_wanted(char *bytes, size_t size, size_t n, void *user)
{
	struct mail_run *run = user;
	size_t left = run->transfer->size - run->sent;
	size_t now = size * n < left ? size * n : left;

	memcpy(bytes, run->transfer->body + run->sent, now);
	run->sent += now;
	return now;
}

/* libcurl asks this once a second; anything but 0 ends the transfer. */
static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct mail_run *run = user;
	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(&run->is_cancelled);
}

static int on_socket(void *user, curl_socket_t socket, curlsocktype purpose)
{
	struct mail_run *run = user;
	(void)purpose;

	if (run->n_sockets < MAX_SOCKETS)
		run->sockets[run->n_sockets++] = socket;
	return CURL_SOCKOPT_OK;
}

static int on_socket_over(void *user, curl_socket_t socket)
{
	struct mail_run *run = user;

	for (size_t i = 0; i < run->n_sockets; i++) {
		if (run->sockets[i] == socket)
			run->sockets[i--] = run->sockets[--run->n_sockets];
	}
	return close(socket);
}

/* Nobody needs the answer to QUIT: without more to read libcurl does not wait for it. */
static void end_after_quit(const struct mail_run *run, const char *bytes, size_t n)
{
	static const char quit[] = "QUIT\r\n";

	if (n != sizeof quit - 1 || memcmp(bytes, quit, n) != 0)
		return;
	for (size_t i = 0; i < run->n_sockets; i++)
		(void)shutdown(run->sockets[i], SHUT_RD); /* fails if the peer is gone */
}

static int on_trace(CURL *easy, curl_infotype type, char *bytes, size_t n, void *user)
{
	struct mail_run *run = user;
	struct piece piece = { type != CURLINFO_HEADER_IN, n };
	(void)easy;

	if (type != CURLINFO_HEADER_IN && type != CURLINFO_HEADER_OUT && type != CURLINFO_DATA_OUT)
		return 0;
	if (run->transfer->transcript.show) {
		buffer_add(&run->trace, &piece, sizeof piece);
		buffer_add(&run->trace, bytes, n);
	}
	if (type == CURLINFO_HEADER_OUT)
		end_after_quit(run, bytes, n);
	return 0;
}

static void perform(void *user)
{
	struct mail_run *run = user;
	struct transfers *set = run->transfer->set;

	run->code = curl_easy_perform(run->transfer->easy);
	uv_mutex_lock(&set->lock);
	run->next = set->over;
	set->over = run;
	uv_mutex_unlock(&set->lock);
	uv_async_send(&set->ended);
}

/* On the loop. */

static void show_trace(struct mail_run *run)
{
	const struct buffer *trace = &run->trace;

	for (size_t at = 0; at < trace->size;) {
		struct piece piece;
		memcpy(&piece, trace->bytes + at, sizeof piece);
		at += sizeof piece;
		transcript_add(&run->transfer->transcript, piece.sent, trace->bytes + at, piece.n);
		at += piece.n;
	}
}

static void end_run(struct mail_run *run)
{
	struct transfer *t = run->transfer;

	uv_thread_join(&run->thread);
	transfer_take_out(&t->set->mails, t);
	if (t->done)
		show_trace(run);
	transfer_finish(t, run->code);
}

static void on_ended(uv_async_t *async)
{
	struct transfers *set = async->data;
	struct mail_run *next = NULL;

	uv_mutex_lock(&set->lock);
	struct mail_run *run = set->over;
	set->over = NULL;
	uv_mutex_unlock(&set->lock);
	set->is_busy = true;
	for (; run; run = next) {
		next = run->next;
		end_run(run);
	}
	if (!set->mails)
		uv_unref((uv_handle_t *)&set->ended);
	transfers_end(set);
}

void transfers_open_mails(struct transfers *set)
{
	if (uv_mutex_init(&set->lock) != 0 || uv_async_init(set->loop, &set->ended, on_ended) != 0)
		abort(); /* only for lack of memory or descriptors, at the start */
	set->ended.data = set;
	uv_unref((uv_handle_t *)&set->ended);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void transfers_close_mails(struct transfers *set)
{
	uv_mutex_destroy(&set->lock);
	uv_close((uv_handle_t *)&set->ended, on_closed);
}

static const long starttls_levels[] = {
	[TRANSFER_STARTTLS_REQUIRED] = CURLUSESSL_ALL,
	[TRANSFER_STARTTLS_OFFERED] = CURLUSESSL_TRY,
	[TRANSFER_STARTTLS_NEVER] = CURLUSESSL_NONE,
};

void transfer_set_mail(struct transfer *t, const struct transfer_request *r)
{
	struct mail_run *run = mem_alloc(sizeof *run);

	run->transfer = t;
	run->receivers = transfer_list(t, r->receivers, r->n_receivers);
	buffer_init(&run->trace);
	t->mail = run;
	SET(CURLOPT_MAIL_FROM, r->from);
	SET(CURLOPT_MAIL_RCPT, run->receivers);
	SET(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	SET(CURLOPT_USE_SSL, starttls_levels[r->starttls]);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, on_mail_wanted);
	SET(CURLOPT_READDATA, run);
	SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->size);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(CURLOPT_SOCKOPTDATA, run);
	SET(CURLOPT_CLOSESOCKETFUNCTION, on_socket_over);
	SET(CURLOPT_CLOSESOCKETDATA, run);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, run);
	SET(CURLOPT_DEBUGFUNCTION, on_trace);
	SET(CURLOPT_DEBUGDATA, run);
	SET(CURLOPT_VERBOSE, 1L);
}

void transfer_begin_mail(struct transfer *t)
{
	struct transfers *set = t->set;

	transfer_put_in(&set->mails, t);
	uv_ref((uv_handle_t *)&set->ended);
	if (uv_thread_create(&t->mail->thread, perform, t->mail) == 0)
		return;
	transfer_take_out(&set->mails, t);
	t->failed = CURLE_OUT_OF_MEMORY; /* it is tried again later */
	if (!set->mails)
		uv_unref((uv_handle_t *)&set->ended);
}

void transfer_cancel_mail(struct transfer *t)
{
	t->done = NULL;
	atomic_store(&t->mail->is_cancelled, true);
}

void transfer_free_mail(struct transfer *t)
{
	curl_slist_free_all(t->mail->receivers);
	buffer_deinit(&t->mail->trace);
	free(t->mail);
}
