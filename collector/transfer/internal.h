/*
 * Inside the transfers: what transfer.c (HTTP, on the loop) and smtp.c (SMTP, each mail on
 * a thread) share. Only transfer*.c include this; collector/transfer/transfer.h is the contract.
 */
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include "collector/transfer/secrets.h"
#include "collector/transfer/transfer.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"

struct mail_run;

struct transfers {
	CURLM *multi;
	uv_loop_t *loop;
	struct loop_timer *timer;
	struct loop_timer *soon; /* to finish what could not begin */
	struct transfer *first;  /* of HTTP */
	struct transfer *failed; /* could not begin */
	bool is_busy;            /* transfers are being ended, and told */
	bool is_closing;

	/* Mails. */
	struct transfer *mails; /* under way, or cancelled and not over yet */
	uv_async_t ended;       /* some threads came to their end; keeps the loop while one runs */
	uv_mutex_t lock;
	struct mail_run *over; /* those, under the lock */
};

struct transfer {
	struct transfers *set;
	struct transfer *next;
	struct transfer *previous; /* NULL: it is the list's first */
	CURL *easy;
	struct curl_slist *fields;
	struct arena arena; /* the request's body */
	const char *body;
	size_t size;
	struct buffer answer;
	size_t max_answer;
	bool is_cut;
	size_t head_size; /* bytes of the answer's head so far */
	struct transfer_secrets secrets;
	char error[CURL_ERROR_SIZE];
	struct transcript transcript;
	struct mail_run *mail; /* NULL: HTTP */
	CURLcode failed;       /* a setting that libcurl does not take */
	transfer_done *done;   /* NULL: cancelled */
	void *user;
};

/* Sets an option of a transfer, in functions where it is `t`. */
#define SET(option, value)                                                                         \
	do {                                                                                       \
		CURLcode code_ = curl_easy_setopt(t->easy, option, value);                         \
		if (code_ != CURLE_OK)                                                             \
			t->failed = code_;                                                         \
	} while (0)

void transfer_put_in(struct transfer **first, struct transfer *t);
void transfer_take_out(struct transfer **first, struct transfer *t);

/* A list for libcurl; it owns copies. */
struct curl_slist *transfer_list(struct transfer *t, const char *const *texts, size_t n);

/* Tells how a transfer ended, and frees it; it is in no list any more. */
void transfer_finish(struct transfer *t, CURLcode code);

/* Frees a set that is being closed, once nothing of it is under way. */
void transfers_end(struct transfers *set);

/* smtp.c */
void transfers_open_mails(struct transfers *set);
void transfers_close_mails(struct transfers *set); /* after the last one */
void transfer_set_mail(struct transfer *t, const struct transfer_request *request);
void transfer_begin_mail(struct transfer *t);  /* sets `failed` where there is no thread for it */
void transfer_cancel_mail(struct transfer *t); /* it is freed when its thread has ended */
void transfer_free_mail(struct transfer *t);
