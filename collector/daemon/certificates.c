#include "collector/daemon/certificates.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/crypto/tls_context.h"
#include "collector/daemon/options.h"
#include "collector/http/server.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

struct certificates {
	struct loop_timer *timer;
	uint64_t reread_ms;
	struct tls_context *context; /* NULL: plain HTTP */
	struct server *server;       /* NULL: none yet, or not any more */

	/* Copies, for the reading once a day. */
	char *certificate;
	char *key;
	char *client_ca;
};

static void tell_end(const struct certificate_info *info)
{
	char text[CERTIFICATES_ERROR_SIZE];

	switch (certificate_check(info, loop_wall_ms(), text)) {
	case CERTIFICATE_CONCERN_INVALID:
		log_error("%s", text);
		break;
	case CERTIFICATE_CONCERN_SOON:
		log_warning("%s", text);
		break;
	case CERTIFICATE_CONCERN_NONE:
		break;
	}
}

static void log_certificate(const struct tls_context *context)
{
	const struct certificate_info *info = tls_context_info(context);
	char until[TIMESTAMP_TEXT_SIZE];

	log_info("the certificate is that of %s, valid until %s, pin %s", info->subject,
		 timestamp_format(info->not_after_ms, until), info->pin);
	tell_end(info);
}

static char *copy_path(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

/* Remembers where the certificates are. */
static void note_files(struct certificates *s, const struct options *options)
{
	char *old[] = { s->certificate, s->key, s->client_ca };

	s->certificate = copy_path(options->cert);
	s->key = copy_path(options->key);
	s->client_ca = copy_path(options->client_ca);
	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		free(old[i]);
}

/* The old context goes when the server has the new one. */
static void read_again(struct certificates *s)
{
	char error[CERTIFICATE_ERROR_SIZE];
	struct tls_files files = { s->certificate, s->key, s->client_ca };
	struct tls_context *fresh;

	if (tls_context_new(&fresh, &files, error) != STATUS_OK) {
		log_error("the certificates stay as they were: %s", error);
		tell_end(tls_context_info(s->context));
		return;
	}
	if (s->server)
		server_set_tls(s->server, fresh);
	tls_context_free(s->context);
	s->context = fresh;
	log_certificate(fresh);
}

static void on_timer(void *user)
{
	struct certificates *s = user;
	read_again(s);
	loop_timer_start(s->timer, s->reread_ms);
}

/* NULL for plain HTTP. */
static enum status read_files(const struct options *options, struct tls_context **out,
			      char error[CERTIFICATES_ERROR_SIZE])
{
	struct tls_files files = { options->cert, options->key, options->client_ca };

	*out = NULL;
	return options->cert ? tls_context_new(out, &files, error) : STATUS_OK;
}

/* The host of "https://host:port/path", without the brackets of IPv6, to be passed to free(). */
static char *host_of(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;

	if (*host == '[')
		return mem_strndup(host + 1, strcspn(host + 1, "]"));
	return mem_strndup(host, strcspn(host, ":/?#"));
}

bool certificates_check(const struct options *options, certificate_chain_warn *tell_one, void *user,
			char error[CERTIFICATES_ERROR_SIZE])
{
	struct tls_context *context;
	enum status status = read_files(options, &context, error);

	tls_context_free(context);
	if (status != STATUS_OK || !options->cert)
		return status == STATUS_OK;
	char *host = options->external_url ? host_of(options->external_url) : NULL;
	status =
		certificate_chain_check(options->cert, host, loop_wall_ms(), tell_one, user, error);
	free(host);
	return status == STATUS_OK;
}

enum status certificates_open(struct certificates **out, struct uv_loop_s *loop,
			      const struct options *options, uint64_t reread_ms,
			      char error[CERTIFICATES_ERROR_SIZE])
{
	struct tls_context *context;
	enum status status = read_files(options, &context, error);

	if (status != STATUS_OK)
		return status;
	struct certificates *s = mem_alloc(sizeof *s);
	s->context = context;
	s->reread_ms = reread_ms;
	s->timer = loop_timer_new(loop, on_timer, s);
	note_files(s, options);
	if (context) {
		log_certificate(context);
		loop_timer_start(s->timer, reread_ms);
	}
	*out = s;
	return STATUS_OK;
}

const struct tls_context *certificates_context(const struct certificates *s)
{
	return s->context;
}

void certificates_attach(struct certificates *s, struct server *server)
{
	if (s)
		s->server = server;
}

void certificates_reload(struct certificates *s, const struct options *options)
{
	if (!s->context != !options->cert) {
		log_error("TLS stays %s: that changes only at the next start",
			  s->context ? "on" : "off");
		return;
	}
	note_files(s, options);
	if (s->context)
		read_again(s);
}

void certificates_close(struct certificates *s)
{
	if (!s)
		return;
	loop_timer_close(s->timer);
	tls_context_free(s->context);
	free(s->certificate);
	free(s->key);
	free(s->client_ca);
	free(s);
}
