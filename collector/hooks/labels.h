/*
 * An alert as Alertmanager has it: labels, which tell alerts apart, and annotations, which are
 * read. Receivers of its webhooks and Alertmanager itself get the same ones.
 *
 * Labels: alertname, severity ("critical", "warning" or "info"), organization, site, server,
 * adapter, condition. Annotations: summary, description, remedy, since (a time), runbook_url. What
 * is empty is left out, as Alertmanager takes an empty label for one that is not there.
 */
#pragma once

#include <stddef.h>

#include "collector/base/buffer.h"
#include "collector/model/notification.h"
#include "proto/base/arena.h"

#define HOOK_ALERT_MAX_PAIRS 8

/* Names in the same order for every alert. */
struct hook_pairs {
	const char *names[HOOK_ALERT_MAX_PAIRS];
	const char *values[HOOK_ALERT_MAX_PAIRS]; /* never NULL */
	size_t n;
};

struct hook_pairs hook_alert_labels(const struct notification_alert *alert);

/* Their texts live in `arena` or are those of the alert. */
struct hook_pairs hook_alert_annotations(const struct notification_alert *alert,
					 struct arena *arena);

/* A sentence without its full stop: "the MTA of EXCH1 will not start the next time". */
const char *hook_alert_summary(const struct notification_alert *alert, struct arena *arena);

/* Keeps in `pairs` what `others` has as well: the value of the rest becomes "". */
void hook_pairs_keep_common(struct hook_pairs *pairs, const struct hook_pairs *others);

/* Adds them as a JSON object. */
void hook_pairs_write(const struct hook_pairs *pairs, struct buffer *out);
