/* Lists that come in pages: each is printed before the next one is asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/show.h"
#include "proto/base/buffer.h"
#include "proto/json/slice.h"

/* Rows that a page has at most (collector/api/openapi.json). */
#define PAGE_ROWS 1000

struct listing {
	struct show *show;
	const struct show_list *list;
	struct buffer path;  /* of the next page */
	struct table before; /* widths of the pages that are printed */
	size_t n_pages;
	size_t n;        /* rows that are printed */
	int64_t matched; /* that there are, where the answer tells */
};

static size_t rows_of_page(const struct listing *l)
{
	size_t left = l->list->most - l->n;

	return l->list->most == 0 || left > PAGE_ROWS ? PAGE_ROWS : left;
}

/* The path again, with the limit that the page is to have. */
static void set_path(struct listing *l, const char *path)
{
	size_t n = strcspn(path, "?");

	l->path.size = 0;
	buffer_add(&l->path, path, n);
	buffer_printf(&l->path, "?limit=%zu", rows_of_page(l));
	while (path[n]) {
		path += n + 1;
		n = strcspn(path, "&");
		if (n > 0 && strncmp(path, "limit=", 6) != 0) {
			buffer_add_char(&l->path, '&');
			buffer_add(&l->path, path, n);
		}
	}
}

/*
 * The pages as one text: what stands around the rows is that of the first and of the last. False:
 * no collector writes it like that.
 */
static bool print_json(const struct listing *l, const struct api_client_answer *answer, size_t n,
		       bool last)
{
	struct json_slice array;

	if (!json_slice_member(answer->body, l->list->member, &array) || *array.at != '[')
		return false;
	const char *rows = array.at + 1;
	size_t size = array.size - 2;
	if (l->n_pages == 0)
		terminal_write(answer->body, (size_t)(rows - answer->body));
	else if (n > 0 && l->n > 0)
		putchar(',');
	terminal_write(rows, size);
	if (last)
		terminal_write(rows + size, strlen(rows + size));
	return true;
}

static int print_page(struct listing *l, const struct api_client_answer *answer)
{
	const struct show_list *list = l->list;
	struct show *show = l->show;
	struct json_reading in;
	struct json_place root;
	struct table table;
	size_t n = 0;
	bool there = false;

	if (l->n_pages == 0)
		show_headings(show, list->table, &table);
	else
		table_init_more(&table, &l->before, &show->arena);
	json_begin(&in, answer->body, answer->size, SHOW_MAX_TEXT, &show->arena, &root);
	in.null_is_absent = true;
	if (in.status == STATUS_OK) {
		if (l->n_pages == 0)
			show_past(show, &in, &root);
		n = show_rows(show, &in, &root, list->member, list->table, &table, &there);
		json_get_integer(&in, &root, "matched", 0, JSON_MAX_INTEGER, &l->matched);
	}
	bool valid = in.status == STATUS_OK && there;
	json_end(&in);
	if (!valid)
		return show_refuse(&in);
	bool last = !answer->next || n == 0 || l->n + n == list->most;
	if (!show->json)
		table_print(&table, show->width, show->color, stdout);
	l->before = table;
	if (show->json && !print_json(l, answer, n, last))
		return show_refuse(&in);
	l->n += n;
	l->n_pages++;
	if (last)
		buffer_deinit(&l->path);
	else
		set_path(l, answer->next);
	return TERMINAL_EXIT_OK;
}

static int print_pages(struct listing *l)
{
	int rc = TERMINAL_EXIT_OK;

	while (rc == TERMINAL_EXIT_OK && l->path.size > 0) {
		struct api_client_answer answer;
		rc = show_ask(l->show, l->path.bytes, &answer);
		if (rc == TERMINAL_EXIT_OK)
			rc = print_page(l, &answer);
		api_client_forget(l->show->client);
		arena_deinit(&l->show->arena);
		arena_init(&l->show->arena);
	}
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (!l->show->json && l->n == 0 && l->list->none)
		terminal_warn("%s", l->list->none);
	if (!l->show->json && l->matched > (int64_t)l->n)
		printf("... and %" PRId64 " more; see --limit\n", l->matched - (int64_t)l->n);
	return show_end(l->show);
}

int show_pages(const struct show_options *options, const struct show_list *list)
{
	struct show show;
	struct listing listing = { .show = &show, .list = list };

	buffer_init(&listing.path);
	set_path(&listing, list->path);
	int rc = show_open(&show, options);
	if (rc == TERMINAL_EXIT_OK)
		rc = print_pages(&listing);
	show_close(&show);
	buffer_deinit(&listing.path);
	return rc;
}
