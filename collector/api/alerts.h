/* What the handlers of alerts, silences and deliveries share. Only api_*.c include this. */
#pragma once

#include "collector/api/list.h"
#include "collector/pipeline/alerting.h"

/*
 * Visits all that fires, then all that may: the worst first. A visitor's failure ends it. For
 * api_ask().
 */
enum status api_each_open_alert(const struct store_connection *reader, store_each_alert *visit,
				void *visitor, char error[STORE_ERROR_SIZE]);

/* Adds the alert object of GET /v1/alerts. */
void api_alert_add(struct alerting *alerting, const struct record_alert *alert, int64_t now_ms,
		   struct arena *arena, struct buffer *out);
