#include "agent/host/image/hive.h"

#include <errno.h>
#include <hivex.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/disk.h"
#include "agent/platform/error.h"
#include "proto/base/mem.h"
#include "proto/base/wire.h"

/* The header's page, of which libhivex needs one more behind it. */
#define HEADER_SIZE 4096

struct hive {
	hive_h *handle;
	bool dirty;
};

static enum status fail(const char *path, const char *why, struct os_error *error)
{
	return os_fail(error, STATUS_MALFORMED, REPORT_ABSENT,
		       "hive %s: %s; copy it again, or export the keys", path, why);
}

/* Looks at the header, before libhivex does: its two numbers differ while it is written to. */
static enum status read_header(const char *path, bool *dirty, struct os_error *error)
{
	struct host_file file = { 0 };
	enum status status = disk_read(path, HIVE_MAX_BYTES, &file, error);
	if (status != STATUS_OK)
		return status;
	struct wire_reader r = wire_read_from(file.bytes, file.size);
	const uint8_t *magic = wire_get_bytes(&r, 4);
	uint32_t began = wire_get_u32(&r);
	uint32_t ended = wire_get_u32(&r);
	*dirty = began != ended;
	if (!magic || memcmp(magic, "regf", 4) != 0)
		status = fail(path, "it does not begin as a hive does", error);
	else if (file.size <= HEADER_SIZE)
		status = fail(path, "it ends behind its header", error);
	host_free_file(&file);
	return status;
}

enum status hive_open(struct hive **out, const char *path, struct os_error *error)
{
	bool dirty = false;
	enum status status = read_header(path, &dirty, error);
	if (status != STATUS_OK)
		return status;
	/* Opened for writing it is read into memory, so that no change of the file can hurt. */
	errno = 0;
	hive_h *handle = hivex_open(path, HIVEX_OPEN_WRITE);
	if (!handle)
		return fail(path, errno ? strerror(errno) : "it is damaged", error);
	if (hivex_root(handle) == 0) {
		hivex_close(handle);
		return fail(path, "it has no root key", error);
	}
	*out = mem_alloc(sizeof **out);
	**out = (struct hive){ handle, dirty };
	return STATUS_OK;
}

void hive_close(struct hive *hive)
{
	if (!hive)
		return;
	hivex_close(hive->handle);
	free(hive);
}

bool hive_is_dirty(const struct hive *hive)
{
	return hive->dirty;
}

/* The key of that path below the root; 0: there is none, or the way to it is damaged. */
static hive_node_h find_node(struct hive *hive, const char *path)
{
	hive_node_h node = hivex_root(hive->handle);
	while (node != 0 && *path) {
		size_t n = strcspn(path, "\\");
		char *part = mem_strndup(path, n);
		node = hivex_node_get_child(hive->handle, node, part);
		free(part);
		path += n;
		path += *path != '\0';
	}
	return node;
}

bool hive_has_key(struct hive *hive, const char *path)
{
	return find_node(hive, path) != 0;
}

enum status hive_find(struct hive *hive, const char *path, const char *name, struct arena *arena,
		      struct regfile_value *out)
{
	hive_node_h node = find_node(hive, path);
	hive_value_h value = node ? hivex_node_get_value(hive->handle, node, name) : 0;
	if (value == 0)
		return STATUS_NOT_FOUND;

	hive_type type = hive_t_REG_NONE;
	size_t n = 0;
	*out = (struct regfile_value){ .name = arena_strdup(arena, name),
				       .kind = REGFILE_UNREADABLE,
				       .text = "its data in the hive is damaged" };
	char *bytes = hivex_value_value(hive->handle, value, &type, &n);
	if (bytes && n <= REGFILE_MAX_DATA) {
		out->text = NULL;
		regfile_decode(arena, (uint32_t)type, (const uint8_t *)bytes, n, out);
	}
	free(bytes);
	return STATUS_OK;
}
