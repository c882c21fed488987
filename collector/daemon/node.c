#include "collector/daemon/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/base/file_open.h"
#include "collector/base/file_replace.h"
#include "collector/base/hash.h"
#include "collector/crypto/secret.h"
#include "collector/daemon/settings.h"

/* In the data directory. */
#define NODE_FILE "node"

/* The longest name of a machine, so that there is room for a hyphen and digits. */
#define MAX_HOST (LEASE_NODE_SIZE - 6)

/* What was kept, if it is a name that begins with this machine's. */
static bool read_kept(const char *path, const char *host, char node[LEASE_NODE_SIZE])
{
	const char *ignored = NULL;
	size_t n = strlen(host);
	FILE *file = file_open(path, &ignored);

	if (!file)
		return false;
	if (!fgets(node, LEASE_NODE_SIZE, file))
		node[0] = '\0';
	fclose(file); /* only read: nothing can be lost */
	node[strcspn(node, "\r\n")] = '\0';
	return strncmp(node, host, n) == 0 && node[n] == '-' &&
	       record_collector_node_is_valid(node);
}

static enum status make(const char *path, const char *host, char node[LEASE_NODE_SIZE],
			char error[NODE_ERROR_SIZE])
{
	char id[UUID_TEXT_SIZE];
	char line[LEASE_NODE_SIZE + 1];

	if (secret_make_id(id) != STATUS_OK) {
		snprintf(error, NODE_ERROR_SIZE,
			 "could not make a name for this collector: the system gave no random "
			 "numbers");
		return STATUS_SYSTEM;
	}
	snprintf(node, LEASE_NODE_SIZE, "%s-%.4s", host, id);
	int n = snprintf(line, sizeof line, "%s\n", node);
	return file_replace(path, 0600, line, (size_t)n, error, NODE_ERROR_SIZE);
}

/* The first label of the machine's name, or a word where it has none that can be used. */
static void read_host(char host[MAX_HOST])
{
	if (gethostname(host, MAX_HOST) != 0)
		host[0] = '\0';
	host[MAX_HOST - 1] = '\0';
	host[strcspn(host, ".")] = '\0';
	if (!record_collector_node_is_valid(host))
		snprintf(host, MAX_HOST, "collector");
}

enum status node_find(const struct options *options, char node[LEASE_NODE_SIZE],
		      char error[NODE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	char host[MAX_HOST];
	struct arena arena;

	if (options->node) {
		snprintf(node, LEASE_NODE_SIZE, "%s", options->node);
		return STATUS_OK;
	}
	read_host(host);
	arena_init(&arena);
	const char *path = arena_printf(&arena, "%s/" NODE_FILE, options->store.directory);
	if (!read_kept(path, host, node))
		status = make(path, host, node, error);
	arena_deinit(&arena);
	return status;
}

const char *node_url(const struct options *options, const struct net_address *listens,
		     struct arena *arena)
{
	char text[NET_ADDRESS_TEXT_SIZE];

	if (options->external_url)
		return arena_strdup(arena, options->external_url);
	if (net_address_is_loopback(listens) || net_address_is_any(listens))
		return NULL;
	return arena_printf(arena, "%s://%s/", options->cert ? "https" : "http",
			    net_address_format(listens, text));
}

static void add_hash(struct buffer *out, const char *name, const struct buffer *value)
{
	buffer_printf(out, "%s %08" PRIx32 "\n", name,
		      (uint32_t)hash_bytes(value->bytes, value->size));
}

static bool is_alike_everywhere(const struct setting *setting)
{
	const char *name = setting->value.name;

	return strncmp(name, "keep-", 5) == 0 || strcmp(name, "takeover-after") == 0 ||
	       strcmp(name, "require-synchronous") == 0 || strcmp(name, "hook-command") == 0;
}

static void add_settings(struct buffer *out, const struct options *options)
{
	struct buffer value;

	for (size_t i = 0; i < settings_n; i++) {
		if (!is_alike_everywhere(&settings[i]) || !options->values[i])
			continue;
		buffer_init(&value);
		buffer_add_text(&value, options->values[i]);
		add_hash(out, settings[i].value.name, &value);
		buffer_deinit(&value);
	}
}

static void add_section(struct buffer *out, const struct section *section, struct arena *arena)
{
	const char *name = section->name[0]
				   ? arena_printf(arena, "[%s %s]", section->kind, section->name)
				   : arena_printf(arena, "[%s]", section->kind);
	struct buffer value;

	buffer_init(&value);
	buffer_add_text(&value, "");
	for (const struct section_entry *e = section->first; e; e = e->next)
		buffer_printf(&value, "%s=%s\n", e->key, e->value);
	add_hash(out, name, &value);
	buffer_deinit(&value);
}

const char *node_settings(const struct options *options, struct arena *arena)
{
	struct buffer out;

	buffer_init(&out);
	buffer_add_text(&out, "");
	add_settings(&out, options);
	for (const struct section *s = options->sections.first; s; s = s->next)
		add_section(&out, s, arena);
	const char *text = arena_strdup(arena, out.bytes);
	buffer_deinit(&out);
	return text;
}
