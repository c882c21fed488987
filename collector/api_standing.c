/* What is told of a server beside what it reports: a removal, refusals, other names of its agent.
 */
#include "collector/api_servers.h"

#include "collector/api_call.h"
#include "collector/json_add.h"

/* Other names that are shown. */
#define MAX_NAMES 8

/* {"at", "by", "reason"} of the removal from which it has come back, else null. */
static void add_removal(const struct record_removal *removal, struct buffer *out)
{
	buffer_add_text(out, ",\"removed\":");
	if (!removal) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_text(out, "{\"at\":");
	json_add_time(out, removal->at_ms);
	buffer_add_text(out, ",\"by\":");
	json_add_string(out, removal->by);
	buffer_add_text(out, ",\"reason\":");
	json_add_string(out, removal->reason);
	buffer_add_char(out, '}');
}

static void add_refusal(const struct refusal *refusal, struct buffer *out)
{
	buffer_add_text(out, ",\"refused\":");
	if (!refusal) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_text(out, "{\"count\":");
	json_add_number(out, refusal->n);
	buffer_add_text(out, ",\"since\":");
	json_add_time(out, refusal->first_ms);
	buffer_add_text(out, ",\"last_at\":");
	json_add_time(out, refusal->last_ms);
	buffer_add_text(out, ",\"from\":");
	json_add_string(out, refusal->origin);
	buffer_add_text(out, ",\"code\":");
	json_add_string(out, refusal->code);
	buffer_add_char(out, '}');
}

static enum status add_name(void *user, const char *key, int64_t at_ms)
{
	struct buffer *out = user;

	buffer_add_text(out, out->bytes[out->size - 1] == '[' ? "{\"server\":" : ",{\"server\":");
	json_add_string(out, key);
	buffer_add_text(out, ",\"reported_at\":");
	json_add_time(out, at_ms);
	buffer_add_char(out, '}');
	return STATUS_OK;
}

enum status api_add_standing(const struct api *api, const char *key, struct buffer *out,
			     char error[STORE_ERROR_SIZE])
{
	add_removal(fleet_find_removal(pipeline_fleet(api->pipeline), key), out);
	add_refusal(refusals_find(&api->refusals, key), out);
	buffer_add_text(out, ",\"other_names\":[");
	enum status status = store_read_other_names(identities_store(api->identities), key,
						    MAX_NAMES, add_name, out, error);
	buffer_add_char(out, ']');
	return status;
}

uint64_t api_standing_tag(const struct api *api, const char *key)
{
	const struct refusal *refusal = refusals_find(&api->refusals, key);
	return refusal ? (uint64_t)refusal->n * 31 + (uint64_t)refusal->last_ms : 0;
}
