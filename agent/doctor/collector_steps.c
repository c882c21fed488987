/* The doctor's steps with the collector: tls, collector, clock, key. */
#include "agent/doctor/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/https/tls_look.h"
#include "agent/platform/files.h"
#include "agent/uplink/answer.h"
#include "agent/uplink/enroll.h"
#include "proto/base/timestamp.h"

#define DAY_MS INT64_C(86400000)

/* "CN=collector.example, issued by CN=ACME CA, until 2027-03-01T00:00:00Z (97 days), TLSv1.2" */
static const char *describe(struct doctor *d, const struct tls_view *view, int64_t now_ms)
{
	const struct tls_certificate *c = &view->chain[0];
	char until[TIMESTAMP_TEXT_SIZE];

	return arena_printf(d->arena, "%s, issued by %s, until %s (%" PRId64 " days), key %s, %s%s",
			    c->subject, c->issuer, timestamp_format(c->not_after_ms, until),
			    (c->not_after_ms - now_ms) / DAY_MS, c->pin, view->version,
			    tls_is_pinned(view, &d->send)            ? " (it is pinned)"
			    : view->asked_for_ours && !view->failure ? " (it saw our certificate)"
								     : "");
}

static void check_tls(struct doctor *d, const struct url_place *place)
{
	struct tls_view *view = arena_alloc(d->arena, sizeof *view);
	int64_t now_ms = host_wall_ms(d->host);

	if (doctor_skips(d, "tls"))
		return;
	if (!place->tls) {
		doctor_note(d, "tls", DOCTOR_SKIPPED, "the URL is http://: nothing is encrypted",
			    NULL);
		return;
	}
	tls_look(d->url, &d->send, d->arena, view);
	const char *wrong = tls_explain(view, &d->send, now_ms, d->arena);
	if (wrong)
		doctor_block(d, "tls", wrong,
			     "compare with what the collector's administrator says of its "
			     "certificate");
	else
		doctor_note(d, "tls", DOCTOR_OK, describe(d, view, now_ms), NULL);
}

/* What was answered, or why nothing was. */
static const char *words_of(struct doctor *d, const struct send_result *result)
{
	struct answer_problem problem =
		answer_read_problem(result->body ? result->body : "", result->size, d->arena);

	if (result->outcome == SEND_STOPPED)
		return "the end was asked for";
	if (result->http_status == 0)
		return arena_strdup(d->arena, result->error);
	return arena_printf(d->arena, "HTTP status %ld%s%s", result->http_status,
			    problem.words ? ": " : "", problem.words ? problem.words : "");
}

static void check_collector(struct doctor *d)
{
	struct send_request request = {
		.method = SEND_GET, .collector = d->url, .path = "/livez", .age_ms = -1
	};
	struct send_result result;

	if (doctor_skips(d, "collector"))
		return;
	send_do(d->sender, &request, &result);
	d->date_ms = result.date_ms;
	if (result.http_status == 200)
		doctor_note(d, "collector", DOCTOR_OK, "it says that it is alive", NULL);
	else
		doctor_block(
			d, "collector",
			arena_printf(d->arena, "GET /livez: %s", words_of(d, &result)),
			"look at the collector itself: its log tells more; or the URL leads to "
			"something else");
	free(result.body);
}

static void check_clock(struct doctor *d)
{
	if (doctor_skips(d, "clock"))
		return;
	if (d->date_ms == TIMESTAMP_NONE) {
		doctor_note(d, "clock", DOCTOR_SKIPPED, "the collector did not tell its time",
			    NULL);
		return;
	}
	int64_t skew_s = (host_wall_ms(d->host) - d->date_ms) / 1000;
	const char *text =
		arena_printf(d->arena, "this machine's clock is %" PRId64 " s %s the collector's",
			     skew_s < 0 ? -skew_s : skew_s, skew_s < 0 ? "behind" : "ahead of");
	if (skew_s > DOCTOR_MAX_SKEW_S || skew_s < -DOCTOR_MAX_SKEW_S)
		doctor_note(d, "clock", DOCTOR_FAIL, text,
			    "set the clock (net time \\\\SERVER /set): reports bear it, but "
			    "certificates and events do not");
	else
		doctor_note(d, "clock", DOCTOR_OK, text, NULL);
}

/* What the agent has, before the collector is asked. */
static const char *describe_key(struct doctor *d, const struct enroll *enroll)
{
	const char *file = d->options->enroll_secret_file;
	char *text = NULL;
	size_t n = 0;

	if (enroll_id(enroll))
		return arena_printf(d->arena, "enrolled as agent %s", enroll_id(enroll));
	if (!file)
		return "not enrolled, and no enrolment secret is set";
	enum status st = files_read(file, ENROLL_MAX_SECRET, &text, &n);
	if (text)
		memset(text, 0, n);
	free(text);
	return arena_printf(d->arena, "not enrolled; the enrolment secret %s: %s", file,
			    st == STATUS_OK ? "can be read" : status_text(st));
}

/* An empty report: who is known is told that it is none, who is not known is not heard. */
static void try_key(struct doctor *d, const struct enroll *enroll)
{
	struct send_request request = { .method = SEND_POST,
					.collector = d->url,
					.path = "/v1/reports",
					.body = "{}",
					.authorization = enroll_authorization(enroll, d->arena),
					.age_ms = -1 };
	struct send_result result;
	const char *what = describe_key(d, enroll);
	bool can_enrol = !enroll_id(enroll) && d->options->enroll_secret_file;

	send_do(d->sender, &request, &result);
	if (result.http_status == 400 || result.http_status == 422)
		doctor_note(d, "key", DOCTOR_OK,
			    arena_printf(d->arena, "%s; the collector takes its reports", what),
			    NULL);
	else
		doctor_note(d, "key", DOCTOR_FAIL,
			    arena_printf(d->arena, "%s; the collector says: %s", what,
					 words_of(d, &result)),
			    can_enrol ? "let the agent run: it enrols with its next report"
				      : "ask for an enrolment secret, put it into a file, and name "
					"that with --enroll-secret-file (EnrollSecretFile)");
	free(result.body);
}

static void check_key(struct doctor *d)
{
	if (doctor_skips(d, "key"))
		return;
	struct enroll *enroll = enroll_open(d->host, d->state_dir ? d->state_dir : "",
					    d->options->enroll_secret_file);
	if (enroll_trouble(enroll))
		doctor_note(d, "key", DOCTOR_FAIL, arena_strdup(d->arena, enroll_trouble(enroll)),
			    "run this as an administrator, or as the agent's account");
	else
		try_key(d, enroll);
	enroll_close(enroll);
}

void doctor_talk(struct doctor *d, const struct url_place *place)
{
	check_tls(d, place);
	check_collector(d);
	check_clock(d);
	check_key(d);
}
