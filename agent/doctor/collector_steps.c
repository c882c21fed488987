/* The doctor's steps with the collector: tls, collector, clock, key. */
#include "agent/doctor/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/https/tls_failure.h"
#include "agent/https/tls_look.h"
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
	const char *wrong = tls_failure_explain(d->url, &d->send, &d->live, now_ms, d->arena);
	if (wrong) {
		doctor_block(d, "tls", wrong,
			     "compare with what the collector's administrator says of its "
			     "certificate");
		return;
	}
	tls_look(d->url, &d->send, d->arena, view);
	if (view->n > 0)
		doctor_note(d, "tls", DOCTOR_OK, describe(d, view, now_ms), NULL);
	else
		doctor_note(d, "tls", DOCTOR_SKIPPED,
			    view->no_answer ? view->no_answer : "it shows no certificate", NULL);
}

/* Words for the collector's answer, or for why there was none. */
static const char *words_of(struct doctor *d, const struct send_result *result)
{
	if (result->outcome == SEND_STOPPED)
		return "the end was asked for";
	return answer_read_problem(result, d->arena).words;
}

/* A proxy's page may have status 200, too. */
static bool is_alive(const struct send_result *result)
{
	return result->http_status == 200 && result->body && strcmp(result->body, "ok\n") == 0;
}

/* Asks the collector as a run does; the steps tls, collector and clock tell what came of it. */
static void ask_if_alive(struct doctor *d)
{
	struct send_request request = {
		.method = SEND_GET, .collector = d->url, .path = "/livez", .age_ms = -1
	};

	d->live = (struct send_result){ .date_ms = TIMESTAMP_NONE };
	if (!d->blocked)
		send_do(d->sender, &request, &d->live);
	d->date_ms = d->live.date_ms;
}

static void check_collector(struct doctor *d)
{
	if (doctor_skips(d, "collector"))
		return;
	if (is_alive(&d->live))
		doctor_note(d, "collector", DOCTOR_OK, "it says that it is alive", NULL);
	else
		doctor_block(
			d, "collector",
			arena_printf(d->arena, "GET /livez: %s", words_of(d, &d->live)),
			"look at the collector itself: its log tells more; or the URL leads to "
			"something else");
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

#define TODO_SECRET                                                                                \
	"ask for an enrolment secret, put it into a file, and name that with "                     \
	"--enroll-secret-file (EnrollSecretFile)"

static void note_taker(struct doctor *d, const char *text)
{
	doctor_note(d, "key", DOCTOR_OK, text, NULL);
	if (!d->taker)
		d->taker = d->url;
}

/* Asks whether the collector knows the enrolment secret, which this does not use up. */
static void try_secret(struct doctor *d, struct enroll *enroll, const char *host_name,
		       const char *why)
{
	const char *file = d->options->enroll_secret_file;
	const char *words = NULL;

	if (enroll_check_secret(enroll, d->sender, d->url, host_name, d->arena, &words) ==
	    STATUS_OK)
		note_taker(d, arena_printf(d->arena,
					   "%s; the collector knows the enrolment secret %s: the "
					   "agent enrols with its next report",
					   why, file));
	else
		doctor_note(d, "key", DOCTOR_FAIL, arena_printf(d->arena, "%s; %s", why, words),
			    TODO_SECRET);
}

/* An empty report: who is known is told that it is none, who is not known is not heard. */
static struct answer_problem post_nothing(struct doctor *d, const struct enroll *enroll)
{
	struct send_request request = { .method = SEND_POST,
					.collector = d->url,
					.path = "/v1/reports",
					.body = "{}",
					.authorization = enroll_authorization(enroll, d->arena),
					.age_ms = -1 };
	struct send_result *result = arena_alloc(d->arena, sizeof *result);

	send_do(d->sender, &request, result);
	struct answer_problem problem = answer_read_problem(result, d->arena);
	free(result->body);
	return problem;
}

static void try_key(struct doctor *d, const struct answer_problem *problem, const char *what)
{
	if (!answer_is_refusal(problem)) {
		doctor_note(
			d, "key", DOCTOR_FAIL,
			arena_printf(d->arena, "%s; the collector says: %s", what, problem->words),
			TODO_SECRET);
		return;
	}
	note_taker(d, arena_printf(d->arena, "%s; the collector takes its reports", what));
}

/* The name that this server's reports carry; "" where the system does not tell. */
static const char *host_name_of(struct doctor *d)
{
	struct host_identity identity;
	struct os_error ignored;

	if (host_identify(d->host, d->arena, &identity, &ignored) != STATUS_OK)
		return "";
	return identity.name;
}

static void examine_key(struct doctor *d, struct enroll *enroll)
{
	struct answer_problem problem = post_nothing(d, enroll);
	const char *name = host_name_of(d);
	const char *what = "not enrolled, and no enrolment secret is set";
	bool is_others = enroll_id(enroll) && *name && !enroll_is_for(enroll, name);

	if (is_others)
		what = arena_printf(d->arena,
				    "the agent's key was made for a server named %s, this one is "
				    "named %s",
				    enroll_host_name(enroll), name);
	else if (enroll_id(enroll))
		what = arena_printf(d->arena, "enrolled as agent %s", enroll_id(enroll));
	else if (d->options->enroll_secret_file)
		what = "not enrolled yet";
	if (answer_is_standby(&problem))
		doctor_note(d, "key", DOCTOR_SKIPPED,
			    arena_printf(d->arena, "it stands by: %s", problem.words), NULL);
	else if (enroll_is_due(enroll, name))
		try_secret(d, enroll, name, what);
	else if (is_others)
		doctor_note(d, "key", DOCTOR_FAIL, what, TODO_SECRET);
	else
		try_key(d, &problem, what);
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
		examine_key(d, enroll);
	enroll_close(enroll);
}

void doctor_collector_steps(struct doctor *d, const struct url_place *place)
{
	ask_if_alive(d);
	check_tls(d, place);
	check_collector(d);
	check_clock(d);
	check_key(d);
	free(d->live.body);
}
