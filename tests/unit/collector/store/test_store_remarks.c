/* What the store keeps of owners and notes, and of bookmarks. */
#include "collector/store/store.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/timestamp.h"
#include "tests/unit/collector/store/store_fixture.h"

static struct fixture f;

static void commit(struct store_change change)
{
	fixture_commit(&f, change);
	if (f.failed > 0)
		fail_msg("%s", f.error);
}

static enum status list_remark(void *user, const struct record_remark *remark)
{
	size_t n = strlen(f.listed);
	(void)user;

	snprintf(f.listed + n, sizeof f.listed - n,
		 "%s: %s (%s %" PRId64 "), %s (%s %" PRId64 "); ", remark->subject, remark->owner,
		 remark->owner_by, remark->owner_ms == TIMESTAMP_NONE ? -1 : remark->owner_ms,
		 remark->note, remark->note_by, remark->note_ms);
	return STATUS_OK;
}

static const char *remarks(void)
{
	f.listed[0] = '\0';
	assert_int_equal(store_read_remarks(store_reader(f.store), list_remark, NULL, f.error),
			 STATUS_OK);
	return f.listed;
}

static void put(const char *subject, const char *owner, int64_t owner_ms, const char *note)
{
	struct record_remark remark = { subject, owner, "token a", owner_ms, note, "user b", 7 };

	commit((struct store_change){ .remark = &remark });
}

/* The loop of a store that is elsewhere knows them from the start on, and after a failure. */
static void open_anew(void)
{
	fixture_close(&f);
	fixture_open(&f);
}

static void the_latest_owner_and_note_of_each_are_kept(void **state)
{
	(void)state;
	put("exch2", "Mail", 5, "two\nlines");
	put("acme\nhq", "", TIMESTAMP_NONE, "Zürich");
	put("exch2", "Post", 6, "");
	open_anew();
	assert_string_equal(remarks(), "acme\nhq:  (token a -1), Zürich (user b 7); "
				       "exch2: Post (token a 6),  (user b 7); ");
}

static void a_removed_server_keeps_them(void **state)
{
	struct record_removal removal = { "exch1", "EXCH1", 9, "token a", "" };
	(void)state;

	put("exch1", "Mail", 5, "rack 3");
	commit((struct store_change){ .removal = &removal });
	open_anew();
	assert_string_equal(remarks(), "exch1: Mail (token a 5), rack 3 (user b 7); ");
}

static enum status list_bookmark(void *user, const struct record_bookmark *bookmark)
{
	size_t n = strlen(f.listed);
	(void)user;

	snprintf(f.listed + n, sizeof f.listed - n, "%s/%s=%s@%" PRId64 " ", bookmark->person,
		 bookmark->name, bookmark->query, bookmark->made_ms);
	return STATUS_OK;
}

static enum status read_bookmarks(const struct store_connection *reader, void *user,
				  char error[STORE_ERROR_SIZE])
{
	return store_read_bookmarks(reader, user, list_bookmark, NULL, error);
}

static const char *bookmarks(char *person)
{
	f.listed[0] = '\0';
	assert_int_equal(fixture_ask(&f, read_bookmarks, person), STATUS_OK);
	return f.listed;
}

static void keep(const char *person, const char *name, const char *query)
{
	struct record_bookmark bookmark = { person, name, query, 3 };

	commit((struct store_change){ .bookmark = &bookmark });
}

static void each_person_has_bookmarks_of_their_own(void **state)
{
	struct record_bookmark dropped = { "token a", "hq", "", 0 };
	(void)state;

	keep("token a", "hq", "site=HQ");
	keep("user a", "hq", "site=BRANCH");
	keep("token a", "bad", "verdict=exposed");
	keep("token a", "bad", "verdict=failing");
	assert_string_equal(bookmarks("token a"), "token a/bad=verdict=failing@3 "
						  "token a/hq=site=HQ@3 ");
	commit((struct store_change){ .dropped_bookmark = &dropped });
	assert_string_equal(bookmarks(NULL), "token a/bad=verdict=failing@3 "
					     "user a/hq=site=BRANCH@3 ");
	assert_string_equal(bookmarks("token b"), "");
}

static void the_bookmarks_of_a_token_go_with_it(void **state)
{
	struct record_identity token = { .kind = RECORD_KIND_TOKEN,
					 .name = "a",
					 .role = ROLE_VIEWER,
					 .made_by = "terminal (root)" };
	struct record_identity secret = token;
	(void)state;

	secret.kind = RECORD_KIND_SECRET;
	secret.role = ROLE_NONE;
	commit((struct store_change){ .add_identity = &token });
	commit((struct store_change){ .add_identity = &secret });
	keep("token a", "hq", "site=HQ");
	keep("token ab", "hq", "site=HQ");
	keep("user a", "hq", "site=HQ");
	commit((struct store_change){ .drop_identity = &secret });
	assert_string_equal(bookmarks("token a"), "token a/hq=site=HQ@3 ");
	commit((struct store_change){ .drop_identity = &token });
	assert_string_equal(bookmarks(NULL), "token ab/hq=site=HQ@3 user a/hq=site=HQ@3 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, the_latest_owner_and_note_of_each_are_kept),
		WITH_STORE(&f, a_removed_server_keeps_them),
		WITH_STORE(&f, each_person_has_bookmarks_of_their_own),
		WITH_STORE(&f, the_bookmarks_of_a_token_go_with_it),
	};
	return fixture_run(tests);
}
