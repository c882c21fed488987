#include "collector/store/sqlite/internal.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

STORE_DEFINE_GIVE(trend)

static enum status trim(struct store_db *db, int64_t now_ms, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "drop old rows of the trend";
	int64_t daily_ms = now_ms - STORE_TREND_HOURLY_DAYS * DAY_MS;

	enum status status = STORE_RUN(db, STORE_THIN_TRENDS, what, error,
				       STORE_NUMBER(daily_ms - 2 * DAY_MS), STORE_NUMBER(daily_ms));
	return status == STATUS_OK ? STORE_RUN(db, STORE_DROP_TRENDS, what, error,
					       STORE_NUMBER(now_ms - STORE_TREND_DAYS * DAY_MS))
				   : status;
}

enum status store_db_put_trends(struct store_db *db, const struct store_change *change,
				char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < change->n_trends; i++)
		status = store_db_put(db, STORE_PUT_TREND, &store_trends, &change->trends[i],
				      "store the trend", error);
	return status == STATUS_OK && change->trim_trends_ms
		       ? trim(db, change->trim_trends_ms, error)
		       : status;
}

enum status store_db_read_trend(struct store_db *db, const char *area, int64_t since_ms,
				store_each_trend *each, void *user, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *list =
		STORE_BOUND(db, STORE_LIST_TREND, STORE_TEXT(area), STORE_NUMBER(since_ms));
	return store_db_rows(db, list, &store_trends, "read the trend",
			     STORE_READER(give_trend, each, user), error);
}

enum status store_db_read_last_trends(struct store_db *db, store_each_trend *each, void *user,
				      char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LAST_TRENDS), &store_trends,
			     "read the trend", STORE_READER(give_trend, each, user), error);
}
