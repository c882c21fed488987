#include "agent/collect/internal.h"

#include <stdlib.h>
#include <string.h>

#include "agent/platform/process.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/advisory.h"
#include "proto/windows/pe_version.h"

/* Where the file of that name belongs (Q243604, Q275292, Q162384). */
enum place { PLACE_BIN, PLACE_RES, PLACE_RUN };

static enum place place_of(const struct advisory_file *file)
{
	if (text_equal(file->name, "Mtamsg.dll"))
		return PLACE_RES;
	return file->versioned ? PLACE_BIN : PLACE_RUN;
}

/* The path at that place, or NULL where the directory is not known. */
static const char *path_at(const struct collecting *c, enum place place, const char *name)
{
	const char *root = c->report->exchange.directory;
	if (place == PLACE_RUN && c->run_directory)
		return arena_printf(c->arena, "%s\\%s", c->run_directory, name);
	if (!root)
		return NULL;
	static const char *const folders[] = {
		[PLACE_BIN] = "bin", [PLACE_RES] = "res", [PLACE_RUN] = "mtadata"
	};
	return arena_printf(c->arena, "%s\\%s\\%s", root, folders[place], name);
}

static void judge_version(struct collect_file *kept, const struct host_file *file)
{
	switch (pe_version_read(file->bytes, file->size, &kept->version)) {
	case STATUS_OK:
		kept->state = FILE_STATE_VERSIONED;
		break;
	case STATUS_NOT_FOUND:
	case STATUS_UNSUPPORTED:
		kept->state = FILE_STATE_UNVERSIONED;
		break;
	default:
		kept->state = FILE_STATE_UNREADABLE;
		break;
	}
}

/* Reads a file whole, and keeps what was found out of it. */
static enum status learn(struct collecting *c, const char *path, struct collect_file *kept,
			 struct os_error *error)
{
	struct host_file file = { 0 };
	enum status status = host_read_file(c->host, path, &file, error);
	if (status != STATUS_OK)
		return status;
	free(kept->path);
	*kept = (struct collect_file){ .size = file.size, .modified_ms = file.modified_ms };
	judge_version(kept, &file);
	process_step_back(true); /* a megabyte takes a Pentium II a second */
	if (hash_sha256(file.bytes, file.size, kept->sha256) == STATUS_OK)
		kept->path = mem_strdup(path); /* without a hash it is read again */
	process_step_back(false);
	host_free_file(&file);
	return STATUS_OK;
}

static bool is_kept(const struct collect_file *kept, const char *path,
		    const struct host_file *facts)
{
	return kept->path && strcmp(kept->path, path) == 0 && kept->size == facts->size &&
	       kept->modified_ms == facts->modified_ms;
}

static enum status look_at(struct collecting *c, const char *path, struct collect_file *kept,
			   struct os_error *error)
{
	struct host_file facts = { 0 };
	enum status status = host_stat_file(c->host, path, &facts, error);
	if (status != STATUS_OK || is_kept(kept, path, &facts))
		return status;
	return learn(c, path, kept, error);
}

/* Tries the file's own place, then the others: a copy at another place is better than none. */
static enum status find_file(struct collecting *c, const struct advisory_file *file,
			     struct collect_file *kept, const char **path, struct os_error *error)
{
	const enum place own = place_of(file);
	const enum place order[] = { own, PLACE_BIN, PLACE_RUN };
	enum status status = STATUS_NOT_FOUND;
	for (size_t i = 0; i < sizeof order / sizeof *order && status == STATUS_NOT_FOUND; i++) {
		*path = path_at(c, order[i], file->name);
		if (*path)
			status = look_at(c, *path, kept, error);
	}
	return status;
}

static void fill_facts(struct collecting *c, const struct collect_file *kept, const char *path,
		       struct report_file *out)
{
	char text[VERSION_TEXT_SIZE];
	out->path = report_text(path, c->arena);
	out->state = kept->state;
	out->size = (int64_t)kept->size;
	out->modified_ms = kept->modified_ms;
	if (kept->state == FILE_STATE_VERSIONED)
		out->version = arena_strdup(c->arena, version_format(&kept->version, text));
	if (kept->sha256[0])
		out->sha256 = arena_strdup(c->arena, kept->sha256);
}

static void get_file(struct collecting *c, const struct advisory_file *file,
		     struct collect_file *kept, struct report_file *out)
{
	const char *path = NULL;
	const char *fact = arena_printf(c->arena, "files/%s", file->name);
	struct os_error error = { .code = OS_NO_CODE };
	*out = (struct report_file){
		.name = file->name,
		.size = REPORT_ABSENT,
		.modified_ms = TIMESTAMP_NONE,
	};
	enum status status = find_file(c, file, kept, &path, &error);
	if (status == STATUS_NOT_FOUND) {
		out->state = FILE_STATE_MISSING;
	} else if (status != STATUS_OK) {
		out->state = FILE_STATE_UNREADABLE;
		out->path = report_text(path, c->arena);
		collect_problem(c, fact, &error);
	} else {
		fill_facts(c, kept, path, out);
		if (out->state == FILE_STATE_UNREADABLE)
			report_add_problem(c->report, c->arena, fact, REPORT_ABSENT,
					   arena_printf(c->arena,
							"%s: its version resource is damaged",
							path));
	}
}

void collect_files(struct collecting *c)
{
	const struct advisory *advisory = &advisory_q285350;
	if (!c->report->exchange.directory) {
		report_add_problem(c->report, c->arena, "files/" ADVISORY_MTA_FILE, REPORT_ABSENT,
				   "the directory of Exchange is not known");
		return;
	}
	size_t n = advisory->n_files < COLLECT_N_FILES ? advisory->n_files : COLLECT_N_FILES;
	c->report->files = arena_alloc_array(c->arena, n, sizeof *c->report->files);
	c->report->n_files = n;
	for (size_t i = 0; i < n; i++)
		get_file(c, &advisory->files[i], &c->kept->files[i], &c->report->files[i]);
}

void collect_forget_files(struct collect *collect)
{
	for (size_t i = 0; i < COLLECT_N_FILES; i++) {
		free(collect->files[i].path);
		collect->files[i].path = NULL;
	}
}
