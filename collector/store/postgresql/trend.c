#include "collector/store/postgresql/internal.h"

PG_DEFINE_GIVE(trend)

static const struct pg_statement list_trend = {
	"list_trend", "read the trend",
	"SELECT @trend FROM trend WHERE area = $1 AND at_ms >= coalesce((SELECT max(at_ms) FROM "
	"trend WHERE area = $1 AND at_ms <= $2), $2) ORDER BY at_ms"
};
static const struct pg_statement last_trends = {
	"last_trends", "read the trend",
	"SELECT DISTINCT ON (area) @trend FROM trend ORDER BY area, at_ms DESC"
};

enum status pg_read_trend(struct store_db *db, const char *area, int64_t since_ms,
			  store_each_trend *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };

	pg_add_text(&params, area);
	pg_add_number(&params, since_ms);
	return PG_LIST(db, &list_trend, &params, &store_trends, give_trend, each, user, error);
}

enum status pg_read_last_trends(struct store_db *db, store_each_trend *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &last_trends, NULL, &store_trends, give_trend, each, user, error);
}
