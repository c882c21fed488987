#include "collector/commands/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/base/percent.h"
#include "collector/cli/terminal.h"
#include "collector/model/condition.h"
#include "collector/model/findings.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"
#include "proto/report/probe_words.h"
#include "proto/report/report.h"

const char *show_escape(const char *text, struct arena *arena)
{
	struct buffer out;

	buffer_init(&out);
	percent_encode(&out, text);
	const char *kept = arena_strdup(arena, out.bytes ? out.bytes : "");
	buffer_deinit(&out);
	return kept;
}

/* What a word means for the exit status, and how it looks. */
static const struct {
	const char *word;
	int status;
	enum tint tint;
} words[] = {
	{ "failing", SHOW_EXIT_FAILING, TINT_BAD },
	{ "exposed", SHOW_EXIT_EXPOSED, TINT_BAD },
	{ "isolated", SHOW_EXIT_EXPOSED, TINT_BAD },
	{ "clear", TERMINAL_EXIT_OK, TINT_GOOD },
	{ "protected", TERMINAL_EXIT_OK, TINT_GOOD },
	{ "good", TERMINAL_EXIT_OK, TINT_GOOD },
	{ "inactive", TERMINAL_EXIT_OK, TINT_DIM },
	{ "not_applicable", TERMINAL_EXIT_OK, TINT_DIM },
};

enum tint show_note(struct show *show, const char *verdict, bool silent)
{
	int status = SHOW_EXIT_CONCERN; /* every other word is no good news */
	enum tint tint = TINT_WARNING;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i].word, verdict) == 0) {
			status = words[i].status;
			tint = words[i].tint;
		}
	}
	if (silent && status < SHOW_EXIT_CONCERN) {
		status = SHOW_EXIT_CONCERN;
		tint = TINT_WARNING; /* never green on old data */
	}
	if (status > show->worst)
		show->worst = status;
	return tint;
}

/* The word for people of a verdict or of a condition. */
static const char *word_of(const char *name)
{
	enum condition condition = CONDITION_COUNT;
	enum verdict verdict;

	if (verdict_from_name(name, &verdict))
		return verdict_word(verdict);
	return condition_from_name(name, &condition) ? condition_word(condition) : name;
}

const char *show_verdict(struct show *show, const char *verdict, bool silent)
{
	char *text = arena_printf(&show->arena, "%s%s", word_of(verdict), silent ? ", silent" : "");

	for (char *c = text; *c; c++) {
		if (*c == '_')
			*c = ' '; /* of a newer collector */
	}
	return text;
}

const char *show_error(const char *name)
{
	enum probe_error error;

	return name && probe_error_from_name(name, &error) ? probe_error_words(error) : name;
}

/* "3 d", "2 h", "5 min", "7 s"; "-" where it is negative. */
static const char *age_text(struct show *show, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" } };

	if (seconds < 0)
		return "-";
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (seconds >= 2 * units[i].seconds)
			return arena_printf(&show->arena, "%" PRId64 " %s",
					    seconds / units[i].seconds, units[i].unit);
	}
	return arena_printf(&show->arena, "%" PRId64 " s", seconds);
}

/* A time, or what has passed since. */
static const char *time_text(struct show *show, int64_t ms, enum show_kind kind)
{
	char text[TIMESTAMP_TEXT_SIZE];
	int64_t now_ms = show->is_past ? show->at_ms : loop_wall_ms();

	if (kind == SHOW_TIME)
		return ms == TIMESTAMP_NONE
			       ? NULL
			       : arena_strdup(&show->arena, timestamp_format(ms, text));
	return age_text(show, ms == TIMESTAMP_NONE ? -1 : now_ms > ms ? (now_ms - ms) / 1000 : 0);
}

static const char *member_text(struct show *show, struct json_reading *in,
			       const struct json_place *at, const char *name, enum show_kind kind)
{
	int64_t number = kind == SHOW_NUMBER ? 0 : kind == SHOW_AGE ? -1 : TIMESTAMP_NONE;
	const char *text = NULL;

	switch (kind) {
	case SHOW_NUMBER:
	case SHOW_AGE:
		json_get_integer(in, at, name, -JSON_MAX_INTEGER, JSON_MAX_INTEGER, &number);
		if (kind == SHOW_AGE)
			return age_text(show, number);
		return number ? arena_printf(&show->arena, "%" PRId64, number) : NULL;
	case SHOW_TIME:
	case SHOW_SINCE:
		json_get_time(in, at, name, &number);
		return time_text(show, number, kind);
	default:
		json_get_text(in, at, name, &text);
		if (kind == SHOW_WORD && text)
			return show_verdict(show, text, false);
		return kind == SHOW_ERROR ? show_error(text) : text;
	}
}

const char *show_cell(struct show *show, struct json_reading *in, const struct json_place *at,
		      const struct show_column *column)
{
	const char *dot = column->member ? strchr(column->member, '.') : NULL;
	struct json_place inner;

	if (column->make)
		return column->make(show, in, at);
	if (!dot)
		return member_text(show, in, at, column->member, column->kind);
	const char *name =
		arena_strndup(&show->arena, column->member, (size_t)(dot - column->member));
	return json_get_object(in, at, name, &inner)
		       ? member_text(show, in, &inner, dot + 1, column->kind)
		       : NULL;
}

void show_headings(struct show *show, const struct show_table *of, struct table *table)
{
	const char *names[TABLE_MAX_COLUMNS];

	for (size_t i = 0; i < of->n_columns; i++)
		names[i] = of->columns[i].heading;
	table_init(table, names, of->n_columns, &show->arena);
	for (size_t i = 0; i < of->n_columns; i++) {
		if (of->columns[i].kind == SHOW_NAME)
			table_keep_names(table, i);
	}
}

void show_row(struct show *show, struct json_reading *in, const struct json_place *at,
	      const struct show_table *of, struct table *table)
{
	const char *cells[TABLE_MAX_COLUMNS];

	for (size_t i = 0; i < of->n_columns; i++)
		cells[i] = show_cell(show, in, at, &of->columns[i]);
	table_add(table, cells, of->tint ? of->tint(show, in, at) : TINT_NONE);
}

/* Rows on their way into a table. */
struct adding {
	struct show *show;
	const struct show_table *of;
	struct table *table;
};

static void add_row(struct json_reading *in, const struct json_place *at, void *user)
{
	const struct adding *adding = user;

	show_row(adding->show, in, at, adding->of, adding->table);
}

size_t show_rows(struct show *show, struct json_reading *in, const struct json_place *at,
		 const char *member, const struct show_table *of, struct table *table, bool *there)
{
	struct adding adding = { show, of, table };

	return json_each(in, at, member, SHOW_MAX_ITEMS, add_row, &adding, there);
}

/* An array becomes the member of an object, which is what can be read. */
static const char *as_object(struct show *show, const struct api_client_answer *answer)
{
	if (answer->size > 0 && answer->body[0] == '[')
		return arena_printf(&show->arena, "{\"items\":%s}", answer->body);
	return answer->body;
}

int show_end(const struct show *show)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return show->worst;
	return terminal_fail("could not write to standard output: %s", strerror(errno));
}

int show_refuse(const struct json_reading *in)
{
	return terminal_fail("the answer is not what a collector says%s%s",
			     *in->error.pointer ? " at " : "", in->error.pointer);
}

int show_text(struct show *show, const char *body, size_t size, show_print *print, void *user)
{
	const struct api_client_answer answer = { .body = body, .size = size };
	const char *text = as_object(show, &answer);
	struct json_reading in;
	struct json_place root;

	json_begin(&in, text, strlen(text), SHOW_MAX_TEXT, &show->arena, &root);
	in.null_is_absent = true;
	if (in.status == STATUS_OK)
		print(show, &in, &root, user);
	enum status status = in.status;
	json_end(&in);
	if (status != STATUS_OK)
		return show_refuse(&in);
	if (show->json)
		terminal_write(body, size);
	return show_end(show);
}

const char *show_path_at(const char *path, const char *at, struct arena *arena)
{
	if (!at)
		return path;
	return arena_printf(arena, "%s%sat=%s", path, strchr(path, '?') ? "&" : "?",
			    show_escape(at, arena));
}

/* Sentences of the past on their way to the terminal. */
static void print_not_kept(struct json_reading *in, const struct json_place *root,
			   struct show *show)
{
	const char **texts = NULL;
	size_t n = 0;

	json_get_texts(in, root, "not_kept", &texts, &n);
	for (size_t i = 0; i < n && !show->json; i++)
		printf("%s\n", console_text(texts[i], &show->arena));
}

void show_past(struct show *show, struct json_reading *in, const struct json_place *root)
{
	static const struct show_column at = { .member = "at", .kind = SHOW_TIME };
	static const struct show_column before = { .member = "before", .kind = SHOW_TIME };
	static const struct show_column after = { .member = "after", .kind = SHOW_TIME };
	struct json_place past;

	if (!json_get_object(in, root, "past", &past))
		return;
	const char *moment = show_cell(show, in, &past, &at);
	const char *earlier = show_cell(show, in, &past, &before);
	const char *later = show_cell(show, in, &past, &after);
	if (!moment)
		return;
	show->is_past = true;
	json_get_time(in, &past, "at", &show->at_ms);
	if (!show->json)
		printf("THE PAST, as it was known at %s; the change before: %s, after: %s\n",
		       console_text(moment, &show->arena),
		       console_text(earlier ? earlier : "none", &show->arena),
		       console_text(later ? later : "none", &show->arena));
	print_not_kept(in, &past, show);
	if (!show->json)
		putchar('\n');
}

void show_open_local(struct show *show, const struct show_options *options)
{
	*show = (struct show){
		.width = console_width(),
		.color = !options->no_color && console_has_color(),
		.json = options->json != NULL,
	};
	arena_init(&show->arena);
}

int show_open(struct show *show, const struct show_options *options)
{
	show_open_local(show, options);
	return api_client_open(&show->client, &options->client);
}

void show_close(struct show *show)
{
	api_client_close(show->client);
	arena_deinit(&show->arena);
}

int show_call(struct show *show, const struct api_client_call *call,
	      struct api_client_answer *answer)
{
	const char *error = NULL;

	if (api_client_call(show->client, call, answer, &error) == API_CLIENT_OK)
		return TERMINAL_EXIT_OK;
	return terminal_fail("%s", console_text(error, &show->arena));
}

int show_ask(struct show *show, const char *path, struct api_client_answer *answer)
{
	return show_call(show, &(struct api_client_call){ .method = "GET", .path = path }, answer);
}

int show_run(const struct show_options *options, const char *path, show_print *print, void *user)
{
	struct show show;
	struct api_client_answer answer;

	int rc = show_open(&show, options);
	if (rc == TERMINAL_EXIT_OK)
		rc = show_ask(&show, path, &answer);
	if (rc == TERMINAL_EXIT_OK)
		rc = show_text(&show, answer.body, answer.size, print, user);
	show_close(&show);
	return rc;
}

const char *show_get_verdict(struct json_reading *in, const struct json_place *at, bool *silent)
{
	const char *verdict = "";

	*silent = false;
	json_get_text(in, at, "verdict", &verdict);
	json_get_bool(in, at, "silent", silent);
	return verdict;
}

const char *show_server_verdict(struct show *show, struct json_reading *in,
				const struct json_place *at)
{
	bool silent;
	const char *verdict = show_get_verdict(in, at, &silent);

	return show_verdict(show, verdict, silent);
}

const char *show_server_reason(struct show *show, struct json_reading *in,
			       const struct json_place *at)
{
	struct findings findings;
	(void)show;

	findings_read(in, at, &findings);
	return findings_lead(&findings)->text;
}
