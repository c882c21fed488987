#include "agent/https/tls_view.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/timestamp.h"

static bool fits(const char *name, const char *host)
{
	const char *dot = strchr(host, '.');

	if (text_equal(name, host))
		return true;
	return strncmp(name, "*.", 2) == 0 && dot && dot != host && text_equal(name + 1, dot);
}

bool tls_is_for(const struct tls_certificate *certificate, const char *host)
{
	for (size_t i = 0; i < certificate->n_names; i++) {
		if (fits(certificate->names[i], host))
			return true;
	}
	return false;
}

bool tls_is_pinned(const struct tls_view *view, const struct send_options *options)
{
	for (size_t i = 0; i < options->n_pins && view->n > 0; i++) {
		if (strcmp(options->pins[i], view->chain[0].pin) == 0)
			return true;
	}
	return false;
}

static const char *join(const char *const *list, size_t n, const char *none, struct arena *arena)
{
	const char *text = n > 0 ? list[0] : none;

	for (size_t i = 1; i < n; i++)
		text = arena_printf(arena, "%s, %s", text, list[i]);
	return text;
}

static const char *explain_pin(const struct tls_view *view, const struct send_options *options,
			       struct arena *arena)
{
	if (options->n_pins == 0 || tls_is_pinned(view, options))
		return NULL;
	return arena_printf(arena,
			    "the collector's public key is %s, but %s expected: if its key "
			    "was changed on purpose, set --pin anew; if not, somebody else "
			    "answers",
			    view->chain[0].pin,
			    arena_printf(arena, options->n_pins > 1 ? "one of %s is" : "%s is",
					 join(options->pins, options->n_pins, "", arena)));
}

/* A certificate outside of its time: which one, and whether it is the clock. */
static const char *explain_time(const struct tls_certificate *c, int64_t now_ms,
				struct arena *arena)
{
	char edge[TIMESTAMP_TEXT_SIZE];
	char now[TIMESTAMP_TEXT_SIZE];
	bool expired = now_ms > c->not_after_ms;

	if (!expired && now_ms >= c->not_before_ms)
		return NULL;
	timestamp_format(expired ? c->not_after_ms : c->not_before_ms, edge);
	timestamp_format(now_ms - now_ms % 1000, now);
	return arena_printf(arena,
			    "the certificate of %s, issued by %s, %s %s; this machine's "
			    "clock says %s",
			    c->subject, c->issuer, expired ? "expired on" : "is not valid before",
			    edge, now);
}

static const char *explain_issuer(const struct tls_view *view, int64_t now_ms, struct arena *arena)
{
	const struct tls_certificate *last = &view->chain[view->n - 1];

	if (view->ca_is_der)
		return arena_printf(
			arena,
			"the CA file %s is DER, and PEM is needed: openssl x509 -inform "
			"der -in %s -out ca.pem makes it",
			view->ca_file, view->ca_file);
	if (view->vouched && view->authority.subject)
		return arena_printf(arena, "in the CA file %s %s", view->ca_file,
				    explain_time(&view->authority, now_ms, arena));
	if (view->vouched)
		return NULL;
	if (view->no_ca)
		return arena_printf(arena, "nobody can vouch for the certificate of %s: %s",
				    view->chain[0].subject, view->no_ca);
	return arena_printf(arena,
			    "the certificate of %s comes from %s, for whom no certificate in "
			    "%s vouches%s",
			    view->chain[0].subject, last->issuer, view->ca_file,
			    strcmp(last->subject, last->issuer) == 0 ? " (it is its own issuer)"
			    : view->n == 1 ? " (or the collector does not send the certificate of "
					     "an authority between: its file lacks that)"
					   : "");
}

static const char *explain_name(const struct tls_view *view, struct arena *arena)
{
	const struct tls_certificate *own = &view->chain[0];

	if (view->host_is_address && !view->verifies_addresses)
		return arena_printf(
			arena,
			"the URL names the address %s, and the TLS of this "
			"program knows certificates for names only: use the collector's "
			"name (%s), or --pin %s without a CA file",
			view->host,
			join(own->names, own->n_names, "its certificate has none", arena),
			own->pin);
	/* For IPv6 only the request itself can tell. */
	if (tls_is_for(own, view->host) || strchr(view->host, ':'))
		return NULL;
	return arena_printf(arena, "the certificate of %s is for %s, not for %s", own->subject,
			    join(own->names, own->n_names, "no name at all", arena), view->host);
}

static const char *explain_certificates(const struct tls_view *view, int64_t now_ms,
					struct arena *arena)
{
	const char *why = NULL;

	for (size_t i = 0; i < view->n && !why; i++)
		why = explain_time(&view->chain[i], now_ms, arena);
	if (!why)
		why = explain_issuer(view, now_ms, arena);
	return why ? why : explain_name(view, arena);
}

/* The other way round: what the server has against us. */
static const char *explain_refusal(const struct tls_view *view, const struct send_options *options,
				   struct arena *arena)
{
	const char *how = view->alert ? view->alert : view->failure;

	if (view->asked_for_ours && !options->client_cert)
		return how ? arena_printf(arena,
					  "the collector asks for a certificate of ours, and "
					  "there is none: set --client-cert and --client-key "
					  "(it ended the handshake: %s)",
					  how)
			   : NULL;
	if (view->no_own)
		return view->no_own;
	if (!how)
		return NULL;
	return arena_printf(arena,
			    view->asked_for_ours
				    ? "the collector asked for our certificate and ended the "
				      "handshake when it had it (%s): did it refuse %s?"
				    : "the handshake failed: %s%s",
			    how, view->asked_for_ours ? options->client_cert : "");
}

const char *tls_explain(const struct tls_view *view, const struct send_options *options,
			int64_t now_ms, struct arena *arena)
{
	const char *why = NULL;

	if (view->no_answer)
		return view->no_answer;
	if (view->n > 0)
		why = explain_pin(view, options, arena);
	if (!why && view->n > 0 && (options->n_pins == 0 || options->ca_file))
		why = explain_certificates(view, now_ms, arena);
	return why ? why : explain_refusal(view, options, arena);
}
