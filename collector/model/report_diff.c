#include "collector/model/report_diff.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/buffer.h"
#include "proto/base/casefold.h"
#include "proto/base/fnv.h"
#include "proto/base/text.h"
#include "proto/json/slice.h"
#include "proto/json/write.h"

/* A comparison under way. */
struct comparison {
	const struct report *before;
	const struct report *after;
	report_diff_each *each;
	void *user;
};

static uint64_t mix_number(uint64_t hash, int64_t number)
{
	hash = (hash ^ (uint64_t)number) * FNV_PRIME;
	return hash ^ hash >> 29;
}

/* NULL and "" are not the same. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
	if (!text)
		return mix_number(hash, -1);
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return mix_number(hash, 0);
}

static uint64_t mix_texts(uint64_t hash, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = mix_text(hash, texts[i]);
	return mix_number(hash, (int64_t)n);
}

/* Whatever their order: name servers turn their answers. */
static uint64_t mix_set(uint64_t hash, const char *const *texts, size_t n)
{
	uint64_t sum = n;

	for (size_t i = 0; i < n; i++)
		sum += mix_text(FNV_BASIS, texts[i]);
	return mix_number(hash, (int64_t)sum);
}

static uint64_t mix_adapter(uint64_t hash, const struct report_adapter *a)
{
	hash = mix_text(hash, a->id);
	hash = mix_text(hash, a->description);
	hash = mix_number(hash, a->enabled);
	hash = mix_number(hash, a->link);
	for (size_t i = 0; i < a->n_addresses; i++)
		hash = mix_text(hash, a->addresses[i]);
	return hash;
}

static uint64_t mix_start(uint64_t hash, const struct report_start *start)
{
	if (!start->present)
		return mix_number(hash, -1);
	return mix_number(mix_number(hash, start->at_ms), start->outcome);
}

uint64_t report_diff_fingerprint(const struct report *r)
{
	uint64_t hash = mix_number(FNV_BASIS, r->adapters_known);

	for (size_t i = 0; i < r->n_adapters; i++)
		hash = mix_adapter(hash, &r->adapters[i]);
	hash = mix_text(hash, r->exchange.version);
	hash = mix_number(hash, r->exchange.service_pack);
	hash = mix_text(hash, r->exchange.build);
	hash = mix_text(hash, r->exchange.organization);
	hash = mix_text(hash, r->exchange.site);
	hash = mix_text(hash, r->exchange.server);
	for (size_t i = 0; i < r->n_files; i++) {
		hash = mix_text(hash, r->files[i].name);
		hash = mix_number(hash, r->files[i].state);
		hash = mix_text(hash, r->files[i].version);
		hash = mix_text(hash, r->files[i].sha256);
	}
	hash = mix_set(hash, r->host.name_resolves_to, r->host.n_name_resolves_to);
	hash = mix_texts(hash, r->tcpip_bindings, r->n_tcpip_bindings);
	hash = mix_texts(hash, r->rpc_bindings, r->n_rpc_bindings);
	hash = mix_number(hash, r->mta.service);
	hash = mix_start(hash, &r->mta.last_start);
	return mix_start(hash, &r->mta.last_failure);
}

/* Ends a detail under construction and tells it. */
static void call_each(const struct comparison *c, const char *kind, struct buffer *detail)
{
	c->each(c->user, kind,
		detail->size > REPORT_DIFF_MAX_DETAIL ? "{\"too_long\":true}" : detail->bytes);
	buffer_deinit(detail);
}

static const char *tristate_text(enum tristate value)
{
	switch (value) {
	case TRISTATE_NO:
		return "false";
	case TRISTATE_YES:
		return "true";
	default:
		return "null";
	}
}

static void add_adapter(struct buffer *out, const char *name, const struct report_adapter *a)
{
	json_open_object(out, name);
	json_put_text(out, "id", a->id);
	json_put_text(out, "description", a->description);
	json_put_json(out, "enabled", tristate_text(a->enabled));
	json_put_text(out, "link", link_state_name(a->link));
	json_put_texts(out, "addresses", a->addresses, a->n_addresses);
	json_close_object(out);
}

static const struct report_adapter *find_adapter(const struct report *r, const char *id)
{
	for (size_t i = 0; i < r->n_adapters; i++) {
		if (text_identical(r->adapters[i].id, id))
			return &r->adapters[i];
	}
	return NULL;
}

/* `"name":[those of `r` that `other` has not]` */
static size_t add_missing(struct buffer *out, const char *name, const struct report *r,
			  const struct report *other)
{
	size_t n = 0;

	json_open_array(out, name);
	for (size_t i = 0; i < r->n_adapters; i++) {
		if (find_adapter(other, r->adapters[i].id))
			continue;
		add_adapter(out, NULL, &r->adapters[i]);
		n++;
	}
	json_close_array(out);
	return n;
}

static size_t add_changed(struct buffer *out, const struct comparison *c)
{
	size_t n = 0;

	json_open_array(out, "changed");
	for (size_t i = 0; i < c->after->n_adapters; i++) {
		const struct report_adapter *now = &c->after->adapters[i];
		const struct report_adapter *then = find_adapter(c->before, now->id);
		if (!then || mix_adapter(0, then) == mix_adapter(0, now))
			continue;
		json_open_object(out, NULL);
		add_adapter(out, "before", then);
		add_adapter(out, "after", now);
		json_close_object(out);
		n++;
	}
	json_close_array(out);
	return n;
}

static void compare_adapters(const struct comparison *c)
{
	struct buffer out;

	if (!c->before->adapters_known || !c->after->adapters_known)
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	size_t n = add_missing(&out, "added", c->after, c->before);
	n += add_missing(&out, "removed", c->before, c->after);
	n += add_changed(&out, c);
	json_close_object(&out);
	if (n > 0)
		call_each(c, "adapters", &out);
	else
		buffer_deinit(&out);
}

static void add_file(struct buffer *out, const char *name, const struct report_file *file)
{
	if (!file) {
		json_put_null(out, name);
		return;
	}
	json_open_object(out, name);
	json_put_text(out, "state", file_state_name(file->state));
	json_put_text(out, "version", file->version);
	json_put_text(out, "sha256", file->sha256);
	json_close_object(out);
}

static bool same_file(const struct report_file *a, const struct report_file *b)
{
	return a && b && a->state == b->state && text_identical(a->version, b->version) &&
	       text_identical(a->sha256, b->sha256);
}

/* `file` may be NULL in one of the two. */
static size_t add_file_change(struct buffer *out, const char *name,
			      const struct report_file *before, const struct report_file *after)
{
	if (same_file(before, after))
		return 0;
	json_open_object(out, NULL);
	json_put_text(out, "name", name);
	add_file(out, "before", before);
	add_file(out, "after", after);
	json_close_object(out);
	return 1;
}

static void compare_files(const struct comparison *c)
{
	struct buffer out;
	size_t n = 0;

	if (c->before->n_files == 0 || c->after->n_files == 0)
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	json_open_array(&out, "changed");
	for (size_t i = 0; i < c->after->n_files; i++) {
		const struct report_file *file = &c->after->files[i];
		n += add_file_change(&out, file->name, report_find_file(c->before, file->name),
				     file);
	}
	for (size_t i = 0; i < c->before->n_files; i++) {
		const struct report_file *file = &c->before->files[i];
		if (!report_find_file(c->after, file->name))
			n += add_file_change(&out, file->name, file, NULL);
	}
	json_close_array(&out);
	json_close_object(&out);
	if (n > 0)
		call_each(c, "files", &out);
	else
		buffer_deinit(&out);
}

static void add_build(struct buffer *out, const char *name, const struct report *r)
{
	json_open_object(out, name);
	json_put_text(out, "version", r->exchange.version);
	json_put_integer_unless(out, "service_pack", r->exchange.service_pack, REPORT_ABSENT);
	json_put_text(out, "build", r->exchange.build);
	json_close_object(out);
}

static void compare_build(const struct comparison *c)
{
	const struct report *a = c->before;
	const struct report *b = c->after;
	struct buffer out;

	if (!a->exchange.build || !b->exchange.build ||
	    (text_identical(a->exchange.version, b->exchange.version) &&
	     a->exchange.service_pack == b->exchange.service_pack &&
	     text_identical(a->exchange.build, b->exchange.build)))
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	add_build(&out, "before", a);
	add_build(&out, "after", b);
	json_close_object(&out);
	call_each(c, "build", &out);
}

static void add_place(struct buffer *out, const char *name, const struct report *r)
{
	json_open_object(out, name);
	json_put_text(out, "organization", r->exchange.organization);
	json_put_text(out, "site", r->exchange.site);
	json_put_text(out, "server", r->exchange.server);
	json_close_object(out);
}

static void compare_place(const struct comparison *c)
{
	struct buffer out;

	if (casefold_equal(c->before->exchange.organization, c->after->exchange.organization) &&
	    casefold_equal(c->before->exchange.site, c->after->exchange.site) &&
	    casefold_equal(c->before->exchange.server, c->after->exchange.server))
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	add_place(&out, "before", c->before);
	add_place(&out, "after", c->after);
	json_close_object(&out);
	call_each(c, "place", &out);
}

static void compare_service(const struct comparison *c)
{
	const char *before = service_state_name(c->before->mta.service);
	const char *after = service_state_name(c->after->mta.service);
	struct buffer out;

	if (!before || !after || text_identical(before, after))
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_text(&out, "before", before);
	json_put_text(&out, "after", after);
	json_close_object(&out);
	call_each(c, "mta", &out);
}

static bool is_new_start(const struct comparison *c, const struct report_start *start)
{
	const struct report_start *known[] = { &c->before->mta.last_start,
					       &c->before->mta.last_failure };

	if (!start->present)
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (known[i]->present && known[i]->at_ms == start->at_ms &&
		    known[i]->outcome == start->outcome)
			return false;
	}
	/* The log could not be read then: who knows since when it says this? */
	return known[0]->present || known[1]->present ||
	       !report_find_problem(c->before, "mta.events");
}

static void tell_start(const struct comparison *c, const struct report_start *start,
		       enum start_outcome outcome)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_time(&out, "at", start->at_ms);
	json_put_text(&out, "outcome", start_outcome_name(outcome));
	json_open_array(&out, "events");
	for (size_t i = 0; i < start->n_events; i++) {
		json_open_object(&out, NULL);
		json_put_integer(&out, "id", start->events[i].id);
		json_put_integer_unless(&out, "nt_error", start->events[i].nt_error, REPORT_ABSENT);
		json_close_object(&out);
	}
	json_close_array(&out);
	json_close_object(&out);
	call_each(c, "mta_start", &out);
}

/* The last start may be the last failure: then it is told once. */
static void compare_starts(const struct comparison *c)
{
	const struct report_start *start = &c->after->mta.last_start;
	const struct report_start *failure = &c->after->mta.last_failure;

	if (is_new_start(c, failure) && !(start->present && start->at_ms == failure->at_ms))
		tell_start(c, failure, START_OUTCOME_FAILED);
	if (is_new_start(c, start))
		tell_start(c, start, start->outcome);
}

void report_diff_compare(const struct report *before, const struct report *after,
			 report_diff_each *each, void *user)
{
	struct comparison c = { before, after, each, user };

	compare_place(&c);
	compare_build(&c);
	compare_files(&c);
	compare_adapters(&c);
	compare_starts(&c);
	compare_service(&c);
}

char *report_diff_reasons(const char *findings_json)
{
	static const char begin[] = "\"reasons\":";
	const char *at = findings_json + strlen(begin);
	struct buffer out = { 0 };
	struct json_slice reason;
	struct json_slice code;
	size_t n = 0;

	json_open_array(&out, NULL);
	if (strncmp(findings_json, begin, strlen(begin)) != 0)
		at = "";
	while (json_slice_next(&at, &reason)) {
		if (!json_slice_member(reason.at, "code", &code))
			continue;
		buffer_add_text(&out, n++ ? "," : "");
		buffer_add(&out, code.at, code.size);
	}
	json_close_array(&out);
	return buffer_take_text(&out);
}
