#include "agent/doctor/internal.h"

#include <string.h>

#include "agent/config/print.h"
#include "agent/config/send_options.h"
#include "agent/https/dial.h"
#include "agent/platform/files.h"
#include "proto/base/timestamp.h"

void doctor_note(struct doctor *d, const char *step, enum doctor_result result, const char *text,
		 const char *todo)
{
	if (d->out->n < DOCTOR_MAX_STEPS)
		d->out->steps[d->out->n++] =
			(struct doctor_step){ d->url, step, result, text, todo };
}

void doctor_block(struct doctor *d, const char *step, const char *text, const char *todo)
{
	doctor_note(d, step, DOCTOR_FAIL, text, todo);
	d->blocked = arena_printf(d->arena, "the step '%s' failed", step);
}

bool doctor_skips(struct doctor *d, const char *step)
{
	if (!d->blocked)
		return false;
	doctor_note(d, step, DOCTOR_SKIPPED, d->blocked, NULL);
	return true;
}

/* What settings of this kind say, each with its origin: "http://proxy:3128 (policy, HKLM\...)". */
static const char *as_set(const struct doctor *d, value_read *kind)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);
	const struct layer_choice *choices = config_result(d->config)->choices;
	const char *text = "";

	for (size_t i = 0; i < n; i++) {
		if (all[i].value.read == kind && choices[i].text)
			text = arena_printf(d->arena, "%s%s%s (%s, %s)", text,
					    *text ? "; then " : "", choices[i].text,
					    layer_name(choices[i].layer), choices[i].where);
	}
	return text;
}

static void check_settings(struct doctor *d)
{
	if (d->options->collectors.n == 0) {
		doctor_block(d, "settings", "no collector is set",
			     "set CollectorUrl by policy, or name it with --collector");
		return;
	}
	const char *text =
		arena_printf(d->arena, "the collector is %s", as_set(d, setting_read_urls));
	if (config_has_invalid(d->config))
		doctor_note(d, "settings", DOCTOR_FAIL,
			    arena_printf(d->arena, "%s; some values are not valid and do not count",
					 text),
			    "see 'mtawatch-agent config'");
	else
		doctor_note(d, "settings", DOCTOR_OK, text, NULL);
}

/* How many files there are in a folder of the state directory. */
static enum status count_files(const struct doctor *d, const char *folder, size_t *n)
{
	const char **names = NULL;
	enum status status =
		files_list(files_join(d->arena, d->state_dir, folder), d->arena, &names, n);

	if (status == STATUS_NOT_FOUND)
		*n = 0;
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/*
 * Can the state be kept? The directory is made as a run makes it, and goes again if it was not
 * there.
 */
static enum status try_state_dir(const struct doctor *d)
{
	const char **names = NULL;
	size_t n = 0;
	bool was_there = files_list(d->state_dir, d->arena, &names, &n) != STATUS_NOT_FOUND;
	const char *file = files_join(d->arena, d->state_dir, "doctor.tmp");
	enum status status = files_make_dir(d->state_dir);

	if (status == STATUS_OK)
		status = files_replace(file, "", 0);
	(void)files_remove(file); /* it may not be there */
	if (!was_there)
		(void)files_remove_dir(d->state_dir);
	return status;
}

static void check_state(struct doctor *d)
{
	size_t waiting = 0;
	size_t rejected = 0;

	if (!d->state_dir) {
		doctor_note(d, "state", DOCTOR_FAIL, "the system names no state directory",
			    "name one with --state-dir");
		return;
	}
	const char *fault = files_dir_fault(d->state_dir, d->arena);
	if (fault) {
		doctor_note(d, "state", DOCTOR_FAIL, fault, "do one of these");
		return;
	}
	enum status status = try_state_dir(d);
	if (status != STATUS_OK) {
		doctor_note(d, "state", DOCTOR_FAIL,
			    arena_printf(d->arena,
					 "nothing can be kept in the state directory %s: %s",
					 d->state_dir, status_text(status)),
			    "run this as an administrator, or as the agent's account; else name "
			    "another directory with --state-dir");
		return;
	}
	status = count_files(d, "spool", &waiting);
	if (status == STATUS_OK)
		status = count_files(d, "rejected", &rejected);
	if (status != STATUS_OK)
		doctor_note(d, "state", DOCTOR_FAIL,
			    arena_printf(d->arena, "could not look into %s: %s", d->state_dir,
					 status_text(status)),
			    "run this as an administrator, or as the agent's account");
	else
		doctor_note(d, "state", DOCTOR_OK,
			    arena_printf(d->arena,
					 "%s: %lu report(s) wait to be sent, %lu were "
					 "refused by the collector",
					 d->state_dir, (unsigned long)waiting,
					 (unsigned long)rejected),
			    rejected > 0 ? "look into the folder 'rejected' and into the log for "
					   "the collector's reason"
					 : NULL);
}

/* The proxy as it is set. */
static const char *proxy_of(const struct doctor *d)
{
	const char *user = d->options->proxy_user;

	return arena_printf(d->arena, "%s%s%s", as_set(d, setting_read_proxy),
			    user ? " with the user " : "", user ? user : "");
}

static void check_proxy(struct doctor *d, const struct url_place *collector)
{
	char error[SEND_MAX_ERROR_TEXT];
	struct dial *dial = NULL;

	if (doctor_skips(d, "proxy"))
		return;
	if (!d->options->proxy) {
		doctor_note(d, "proxy", DOCTOR_SKIPPED, "there is none", NULL);
		return;
	}
	if (!collector->tls) {
		doctor_note(d, "proxy", DOCTOR_SKIPPED,
			    "the URL is http://: the proxy makes the requests, which the next "
			    "steps try",
			    NULL);
		return;
	}
	if (dial_open(&dial, d->url, &d->send, error) == STATUS_OK)
		doctor_note(d, "proxy", DOCTOR_OK,
			    arena_printf(d->arena, "%s lets us through", proxy_of(d)), NULL);
	else
		doctor_block(d, "proxy", arena_printf(d->arena, "%s: %s", proxy_of(d), error),
			     "let the proxy's administrator allow CONNECT to the collector's host "
			     "and port, by the user that is set if it asks for one");
	dial_close(dial);
}

static void examine_collector(struct doctor *d, const char *url)
{
	struct url_place collector;
	struct url_place first;

	d->url = url;
	d->blocked = NULL;
	d->date_ms = TIMESTAMP_NONE;
	if (url_read(url, d->arena, &collector) != STATUS_OK ||
	    url_read(d->options->proxy ? d->options->proxy : url, d->arena, &first) != STATUS_OK) {
		doctor_block(d, "name", "the URL cannot be read", "correct it");
		return;
	}
	doctor_network_steps(d, &first);
	check_proxy(d, &collector);
	doctor_collector_steps(d, &collector);
}

/* Of several collectors one has to take the reports; those that stand by are well without. */
static void check_reports(struct doctor *d)
{
	d->url = NULL;
	if (d->taker ? d->options->collectors.n > 1 : doctor_is_well(d->out))
		doctor_note(d, "reports", d->taker ? DOCTOR_OK : DOCTOR_FAIL,
			    arena_printf(d->arena, "%s takes them",
					 d->taker ? d->taker : "no collector"),
			    d->taker ? NULL : "try again in a minute");
}

static bool is_stopped(void *user)
{
	bool (*const *stopped)(void) = user;
	return *stopped && (*stopped)();
}

void doctor_examine(struct host *host, const struct config *config, bool (*stopped)(void),
		    struct arena *arena, struct doctor_findings *out)
{
	struct doctor *d = arena_alloc(arena, sizeof *d);

	*d = (struct doctor){ .host = host,
			      .config = config,
			      .stopped = stopped,
			      .options = config_options(config),
			      .arena = arena,
			      .out = out };
	out->n = 0;
	d->state_dir =
		d->options->state_dir ? d->options->state_dir : files_default_state_dir(arena);
	d->send = send_options_of(d->options);
	d->send.stopped = is_stopped;
	d->send.user = &stopped;
	check_settings(d);
	check_state(d);
	if (d->options->collectors.n == 0)
		return;
	if (send_open(&d->sender, &d->send) != STATUS_OK) {
		doctor_block(d, "collector", "libcurl would not start", NULL);
		return;
	}
	for (size_t i = 0; i < d->options->collectors.n; i++)
		examine_collector(d, d->options->collectors.list[i]);
	send_close(d->sender);
	check_reports(d);
}

bool doctor_is_well(const struct doctor_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (findings->steps[i].result == DOCTOR_FAIL)
			return false;
	}
	return true;
}
