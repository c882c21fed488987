/*
 * An alert as Alertmanager has it: labels, which tell alerts apart, and annotations, which are
 * read. Receivers of its webhooks and Alertmanager itself get the same ones.
 *
 * Labels: alertname, severity ("critical", "warning" or "info"), organization, site, server,
 * adapter, condition. Annotations: summary, description, remedy, since (a time), runbook_url, owner,
 * note. What is empty is left out, as Alertmanager takes an empty label for one that is not there.
 */
#pragma once

#include <stddef.h>

#include "collector/model/notification.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"

#define HOOK_LABELS_MAX 8

/* Names in the same order for every alert. */
struct hook_labels {
	const char *names[HOOK_LABELS_MAX];
	const char *values[HOOK_LABELS_MAX]; /* never NULL */
	size_t n;
};

struct hook_labels hook_labels_of(const struct notification_alert *alert);

/* The texts of the labels live in `arena` or are those of the alert. */
struct hook_labels hook_labels_annotations(const struct notification_alert *alert,
					   struct arena *arena);

/* A sentence without its full stop: "the MTA of EXCH1 will not start the next time". */
const char *hook_labels_summary(const struct notification_alert *alert, struct arena *arena);

/* Keeps in `pairs` what `others` has as well: the value of the rest becomes "". */
void hook_labels_keep_common(struct hook_labels *pairs, const struct hook_labels *others);

/* Adds them as a JSON object. */
void hook_labels_write(const struct hook_labels *pairs, struct buffer *out);
