/*
 * A play: conn, client and server together, over real sockets. The server runs on the test's loop,
 * the client on a thread of its own that only notes what it got: it must not assert.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <netinet/in.h>
#include <pthread.h>
#include <uv.h>

#include "collector/http/server.h"

struct call;

#define SERVER_PLAY_BIG_BYTES   ((size_t)8 * 1024 * 1024) /* of the answer of /big */
#define SERVER_PLAY_LATER_MS    50                        /* until the answer of /later */
#define SERVER_PLAY_PATIENCE_MS 10000                     /* who waits longer has failed */
#define SERVER_PLAY_CONNECTIONS 4

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: c\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"

struct server_play {
	uv_loop_t loop;
	uv_async_t over;
	struct server *server;
	struct server_options options;
	struct sockaddr_in address;
	pthread_t thread;
	void (*client)(struct server_play *play); /* on the thread */
	void (*other)(struct call *call); /* answers /other on the loop; NULL: nothing does */
	bool close_early;                 /* the server closes as soon as a call is under way */
	bool is_closing;

	unsigned n_calls;
	char *got[SERVER_PLAY_CONNECTIONS]; /* what the client received on each connection */
	size_t got_size[SERVER_PLAY_CONNECTIONS];
	size_t n_got;
};

/* With CLIENT_CLOCKS_DEFAULT; its options may be changed before it begins. */
struct server_play server_play_new(void);

/* Plays `client` against a server; afterwards everything must be closed and freed. */
void server_play_through(struct server_play *play, void (*client)(struct server_play *play));
void server_play_free(struct server_play *play);

/* On the loop: the server closes now, not when the client's thread is over. */
void server_play_close(struct server_play *play);

/* How often `part` stands in `text`. */
size_t server_play_count(const char *text, const char *part);

/* For the client's thread. */

/* A connection from 127.0.0.SOURCE; 0: from where the system likes. */
int server_play_dial_from(struct server_play *play, unsigned source);
int server_play_dial(struct server_play *play);
void server_play_say(int fd, const char *text);

/* Notes everything up to the end of the connection. */
void server_play_hear(struct server_play *play, int fd);
