/*
 * PUT /v1/servers/{name}/remark and /v1/sites/{org}/{site}/remark: whose a server or a site is, and
 * a note about it. GET /v1/owners: who owns how many servers.
 */
#include <stdbool.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "collector/base/hash.h"
#include "collector/http/problem.h"
#include "collector/query/owner_tally.h"
#include "collector/query/server_row.h"
#include "collector/query/site_tally.h"
#include "proto/base/mem.h"
#include "proto/base/printable.h"
#include "proto/base/utf8.h"
#include "proto/json/write.h"

/* Bytes of a text before what stands around it is cut off. */
#define MAX_TEXT ((size_t)REMARK_MAX_NOTE * UTF8_MAX)

/* In the call's arena, with its texts. */
struct putting {
	struct call *call;
	struct record_remark remark;
	const char *key; /* of a server; NULL: it is of a site */
	const char *organization;
	const char *site;
};

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static const char *trim(const char *text, struct arena *arena)
{
	static const char blanks[] = " \n";

	text += strspn(text, blanks);
	size_t n = strlen(text);
	while (n > 0 && strchr(blanks, text[n - 1]))
		n--;
	return arena_strndup(arena, text, n);
}

/* Is there nothing in it that cannot be seen, but for the ends of lines where there may be some? */
static bool is_plain(const char *text, bool has_lines, struct arena *arena)
{
	char *seen = arena_strdup(arena, text);
	size_t size = strlen(text) + 1;
	char *shown = arena_alloc(arena, size);

	for (char *at = seen; has_lines && (at = strchr(at, '\n')) != NULL;)
		*at = ' ';
	return strcmp(printable(shown, size, seen), seen) == 0;
}

/* Reads one of the two, if it is there: true. */
static bool read_text(struct json_reading *in, const struct json_place *root, const char *name,
		      size_t most, bool has_lines, const char **out)
{
	const char *text = NULL;

	json_get_text(in, root, name, &text);
	if (in->status != STATUS_OK || !text)
		return false;
	*out = trim(text, in->arena);
	if (count_characters(*out) > most)
		json_refuse(in, root, name, STATUS_LIMIT,
			    has_lines ? "expected 1000 characters at most"
				      : "expected 100 characters at most");
	else if (!is_plain(*out, has_lines, in->arena))
		json_refuse(in, root, name, STATUS_INVALID,
			    has_lines ? "expected plain text: line feeds are the only control "
					"characters, and all others can be seen"
				      : "expected plain text of one line");
	return in->status == STATUS_OK;
}

/* "EXCH1 owner: Mail; note: rack 3", or "EXCH1 owner: -" where it is taken away. */
static const char *change_text(const char *subject, const char *owner, const char *note,
			       struct arena *arena)
{
	const char *text = subject;

	if (owner)
		text = arena_printf(arena, "%s owner: %s", text, *owner ? owner : "-");
	if (note)
		text = arena_printf(arena, "%s%s note: %s", text, owner ? ";" : "",
				    *note ? note : "-");
	return text;
}

/* Reads the body into the remark as it was. What the audit log says; NULL: the call is answered. */
static const char *read_body(struct putting *p, const char *subject)
{
	struct call *call = p->call;
	const struct api *api = call->context;
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	const struct buffer *body = &call->request->body;
	const char *owner = NULL;
	const char *note = NULL;
	struct json_reading in;
	struct json_place root;

	json_begin(&in, body->size ? body->bytes : "", body->size, MAX_TEXT, &call->arena, &root);
	if (read_text(&in, &root, "owner", REMARK_MAX_OWNER, false, &owner)) {
		p->remark.owner = owner;
		p->remark.owner_by = api_who(call);
		p->remark.owner_ms = now_ms;
	}
	if (read_text(&in, &root, "note", REMARK_MAX_NOTE, true, &note)) {
		p->remark.note = note;
		p->remark.note_by = api_who(call);
		p->remark.note_ms = now_ms;
	}
	if (in.status == STATUS_OK && !owner && !note)
		json_refuse(&in, &root, NULL, STATUS_INVALID, "expected owner or note");
	return api_end_body(call, &in) ? change_text(subject, owner, note, &call->arena) : NULL;
}

static void answer(struct putting *p)
{
	const struct api *api = p->call->context;
	const struct remarks *remarks = alerting_remarks(api->alerting);
	struct remark_pair pair =
		p->key ? remarks_of_server(remarks, p->key, p->organization, p->site)
		       : remarks_of_site(remarks, p->organization, p->site);
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	remark_pair_write(&pair, &out);
	json_finish(&out);
	api_answer_json(p->call, 200, &out, NULL);
}

static void on_stored(void *user, enum status status, const char *error)
{
	struct putting *p = user;
	const struct api *api = p->call->context;
	(void)error; /* the pipeline was told */

	if (status != STATUS_OK) {
		call_answer_not_stored(p->call);
		return;
	}
	if (api->feed && pipeline_is_ready(api->pipeline))
		feed_reset(api->feed, pipeline_fleet(api->pipeline));
	answer(p);
}

/* `subject` is what the audit log calls it. */
static void put(struct putting *p, const char *subject)
{
	struct call *call = p->call;
	const struct api *api = call->context;
	const struct record_remark *old =
		remarks_find(alerting_remarks(api->alerting), p->remark.subject);
	struct record_audit audit = api_audit(call, p->key ? "server.remark" : "site.remark",
					      p->key ? RECORD_KIND_SERVER : RECORD_KIND_SITE, "");

	if (old)
		p->remark = *old;
	else
		p->remark =
			(struct record_remark){ p->remark.subject, "", "", TIMESTAMP_NONE, "", "",
						TIMESTAMP_NONE };
	audit.object = read_body(p, subject);
	if (!audit.object)
		return;
	api_answer_refused(
		call, alerting_put_remark(api->alerting, &p->remark, &audit, on_stored, p), NULL);
}

static struct putting *begin(struct call *call)
{
	struct putting *p = arena_alloc(&call->arena, sizeof *p);

	*p = (struct putting){ .call = call };
	return p;
}

void api_server_remark_put(struct call *call)
{
	struct putting *p = begin(call);
	const struct view *view;

	if (!api_is_json(call) || !api_find_view(call, &view))
		return;
	p->key = p->remark.subject = arena_strdup(&call->arena, view->key);
	p->organization = arena_strdup(&call->arena, view->organization);
	p->site = arena_strdup(&call->arena, view->site);
	put(p, view->server);
}

/* False: nobody is, or should be, of that site, and the call is answered. */
static bool find_site(struct call *call, struct putting *p)
{
	struct site_tally *sites;
	size_t n;

	if (!api_tally_sites(call, &sites, &n))
		return false;
	const struct site_tally *site =
		site_tally_find(sites, n, api_path_name(call, 0), api_path_name(call, 1));
	if (!site) {
		call_answer_problem(call, &api_unknown_site);
		return false;
	}
	p->organization = arena_strdup(&call->arena, site->organization);
	p->site = arena_strdup(&call->arena, site->site);
	return true;
}

void api_site_remark_put(struct call *call)
{
	struct putting *p = begin(call);

	if (!api_is_json(call) || !find_site(call, p))
		return;
	p->remark.subject = record_remark_site(p->organization, p->site, &call->arena);
	put(p, arena_printf(&call->arena, "%s/%s", p->organization, p->site));
}

void api_owner_list(struct call *call)
{
	const struct api *api = call->context;
	struct server_list list;
	struct owner_tally tally;
	struct buffer out;

	if (!api_has_no_query(call) || !api_list_servers(call, &list))
		return;
	owner_tally_make(&list, alerting_remarks(api->alerting), &call->arena, &tally);
	buffer_init(&out);
	json_open_object(&out, NULL);
	json_open_array(&out, "owners");
	for (size_t i = 0; i < tally.n; i++) {
		json_put_line(&out);
		json_open_object(&out, NULL);
		json_put_text(&out, "name", tally.owners[i].name);
		json_put_integer(&out, "servers", (int64_t)tally.owners[i].servers);
		json_close_object(&out);
	}
	json_close_array(&out);
	json_put_integer(&out, "without", (int64_t)tally.without);
	json_finish(&out);
	const char *etag = api_make_etag(api, hash_bytes(out.bytes, out.size), &call->arena);
	if (call_answer_not_modified(call, etag))
		buffer_deinit(&out);
	else
		api_answer_tagged(call, &out, etag, NULL);
}
