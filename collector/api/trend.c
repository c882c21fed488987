/* GET /v1/trend, /v1/sites/{org}/{site}/trend: how many servers there were of each verdict. */
#include "collector/api/trend.h"

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "collector/query/site_tally.h"
#include "proto/json/write.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Where the query does not say since when. */
#define DEFAULT_MS (30 * DAY_MS)

/* Rows of the fleet are an hour apart, those of long ago a day: twice that is a gap. */
#define HOURLY_GAP_MS (DAY_MS / 12)
#define DAILY_GAP_MS  (2 * DAY_MS)

static void begin_rows(struct api_trend_rows *rows, struct arena *arena)
{
	*rows = (struct api_trend_rows){ .arena = arena };
	rows->end = &rows->first;
}

static enum status keep_row(void *user, const struct record_trend *row)
{
	struct api_trend_rows *rows = user;
	struct api_trend_row *kept = arena_alloc(rows->arena, sizeof *kept);

	kept->row = *row;
	kept->next = NULL;
	*rows->end = kept;
	rows->end = &kept->next;
	return STATUS_OK;
}

enum status api_trend_read(const struct store_connection *reader, void *user,
			   char error[STORE_ERROR_SIZE])
{
	struct api_trend *trend = user;
	enum status status = store_read_trend(reader, RECORD_TREND_FLEET, trend->since_ms, keep_row,
					      &trend->fleet, error);

	if (status == STATUS_OK)
		status = store_read_trend(reader, trend->area, trend->since_ms, keep_row,
					  &trend->rows, error);
	return status;
}

/* The counts of a row with their names, as they are in the counts of lists. */
static int64_t get_count(const struct record_trend *row, size_t i, const char **name)
{
	static const char *const names[] = { "total", "not_monitored", "silent" };
	const int64_t counts[] = { row->total, row->not_monitored, row->silent };

	if (i < VERDICT_COUNT) {
		*name = verdict_name((enum verdict)i);
		return row->by_verdict[i];
	}
	*name = names[i - VERDICT_COUNT];
	return counts[i - VERDICT_COUNT];
}

#define N_COUNTS (VERDICT_COUNT + 3)

bool api_trend_count_now(struct call *call, const struct api_trend *trend, struct record_trend *out)
{
	const struct api *api = call->context;
	struct site_tally *sites;
	size_t n;

	*out = (struct record_trend){ .at_ms = pipeline_now_ms(api->pipeline) };
	if (!api_tally_sites(call, &sites, &n))
		return false;
	if (!trend->site) {
		for (size_t i = 0; i < n; i++)
			server_tally_add_to_trend(&sites[i].tally, out);
		return true;
	}
	const struct site_tally *site = site_tally_find(sites, n, trend->organization, trend->site);
	if (site)
		server_tally_add_to_trend(&site->tally, out);
	return true;
}

static void write_times(const struct api_trend_rows *rows, struct buffer *out)
{
	json_open_array(out, "at");
	for (const struct api_trend_row *kept = rows->first; kept; kept = kept->next)
		json_put_time(out, NULL, kept->row.at_ms);
	json_close_array(out);
}

static void write_counts(const struct api_trend_rows *rows, struct buffer *out)
{
	json_open_object(out, "counts");
	for (size_t i = 0; i < N_COUNTS; i++) {
		const char *name;
		get_count(&rows->first->row, i, &name);
		json_put_line(out);
		json_open_array(out, name);
		for (const struct api_trend_row *kept = rows->first; kept; kept = kept->next)
			json_put_integer(out, NULL, get_count(&kept->row, i, &name));
		json_close_array(out);
	}
	json_close_object(out);
}

bool api_trend_next_gap(const struct api_trend_row **at, int64_t now_ms, int64_t *from_ms,
			int64_t *to_ms)
{
	int64_t hourly_ms = now_ms - (STORE_TREND_HOURLY_DAYS + 2) * DAY_MS;

	for (const struct api_trend_row *row = *at; row; row = row->next) {
		*from_ms = row->row.at_ms;
		*to_ms = row->next ? row->next->row.at_ms : now_ms;
		*at = row->next;
		if (*to_ms - *from_ms > (*from_ms < hourly_ms ? DAILY_GAP_MS : HOURLY_GAP_MS))
			return true;
	}
	return false;
}

static void write_gaps(const struct api_trend *trend, int64_t now_ms, struct buffer *out)
{
	const struct api_trend_row *at = trend->fleet.first;
	int64_t from_ms;
	int64_t to_ms;

	json_open_array(out, "gaps");
	while (api_trend_next_gap(&at, now_ms, &from_ms, &to_ms)) {
		json_open_object(out, NULL);
		json_put_time(out, "from", from_ms);
		json_put_time(out, "to", to_ms);
		json_close_object(out);
	}
	json_close_array(out);
}

static void answer(struct call *call, void *user, enum status status)
{
	struct api_trend *trend = user;
	struct record_trend now;
	struct buffer out;
	(void)status; /* a trend without rows is one */

	if (!api_trend_count_now(call, trend, &now))
		return;
	if (trend->site && now.total == 0 && !trend->rows.first) {
		call_answer_problem(call, &api_unknown_site);
		return;
	}
	keep_row(&trend->rows, &now);
	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_text(&out, "organization", trend->organization);
	json_put_text(&out, "site", trend->site);
	json_put_time(&out, "since", trend->since_ms);
	write_times(&trend->rows, &out);
	write_counts(&trend->rows, &out);
	write_gaps(trend, now.at_ms, &out);
	json_close_object(&out);
	buffer_add_char(&out, '\n');
	api_answer_json(call, 200, &out, NULL);
}

bool api_trend_begin(struct call *call, const char *organization, const char *site,
		     struct api_trend *out)
{
	const struct api *api = call->context;

	*out = (struct api_trend){ .organization = organization, .site = site };
	out->area = site ? record_trend_area(organization, site, &call->arena) : RECORD_TREND_FLEET;
	begin_rows(&out->rows, &call->arena);
	begin_rows(&out->fleet, &call->arena);
	out->since_ms = pipeline_now_ms(api->pipeline) - DEFAULT_MS;
	return api_read_time(call, "since", &out->since_ms);
}

static void ask(struct call *call, const char *organization, const char *site)
{
	struct api_trend *trend = arena_alloc(&call->arena, sizeof *trend);

	if (api_trend_begin(call, organization, site, trend))
		api_ask(call,
			&(struct api_question){ api_trend_read, answer, NULL, trend, STORE_PAGE });
}

void api_trend_get(struct call *call)
{
	ask(call, NULL, NULL);
}

void api_site_trend_get(struct call *call)
{
	ask(call, api_path_name(call, 0), api_path_name(call, 1));
}
