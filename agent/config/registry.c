#include "agent/config/registry.h"

/* Where one value stands. */
struct place {
	const struct setting *setting;
	enum layer layer;
	const char *key;
	const char *name;
};

static void take_value(struct layers *layers, const struct place *place, const char *where,
		       const struct host_value *value)
{
	if (value->kind == HOST_VALUE_NUMBER)
		layers_add(layers, place->setting, place->layer, where,
			   arena_printf(layers->arena, "%lu", (unsigned long)value->number));
	else if (value->kind == HOST_VALUE_LIST)
		layers_add_unreadable(layers, place->setting, place->layer, where,
				      "text (REG_SZ) or a number (REG_DWORD)");
	else if (value->text[0] != '\0')
		layers_add(layers, place->setting, place->layer, where, value->text);
}

static void read_value(struct layers *layers, struct host *host, const struct place *place)
{
	const char *where = arena_printf(layers->arena, "HKLM\\%s\\%s", place->key, place->name);
	struct host_value value;
	struct os_error error;
	enum status status =
		host_read_value(host, place->key, place->name, layers->arena, &value, &error);

	if (status == STATUS_OK)
		take_value(layers, place, where, &value);
	else if (status != STATUS_NOT_FOUND)
		layers_add_unreadable(layers, place->setting, place->layer, where, error.text);
}

static const char *refuse_key(const char *key, const char *fault, struct arena *arena)
{
	return arena_printf(arena, "HKLM\\%s %s, so nothing in it counts", key, fault);
}

static void read_peers(struct layers *layers, struct host *host, const struct place *place,
		       const char **ignored)
{
	const char *key = arena_printf(layers->arena, "%s\\%s", place->key, place->name);
	struct os_error error;

	read_value(layers, host, place);
	if (host_find_key(host, key, &error) == STATUS_NOT_FOUND)
		return;
	const char *fault = host_key_fault(host, key, layers->arena);
	if (fault) {
		*ignored = refuse_key(key, fault, layers->arena);
		return;
	}
	for (int i = 1; i <= PEERS_MAX_CONFIGURED; i++) {
		struct place peer = { place->setting, place->layer, key,
				      arena_printf(layers->arena, CONFIG_PEER_PREFIX "%d", i) };
		read_value(layers, host, &peer);
	}
}

static enum status read_key(struct layers *layers, struct host *host, enum layer layer,
			    const char *key, const char **ignored, const char **why)
{
	struct os_error error;
	size_t n = 0;
	const struct setting *all = setting_list(&n);
	enum status status = host_find_key(host, key, &error);

	if (status != STATUS_OK) {
		*why = arena_strdup(layers->arena, error.text);
		return status == STATUS_NOT_FOUND ? STATUS_OK : status;
	}
	const char *fault = host_key_fault(host, key, layers->arena);
	if (fault) {
		*ignored = refuse_key(key, fault, layers->arena);
		return STATUS_OK;
	}
	for (size_t i = 0; i < n; i++) {
		struct place place = { &all[i], layer, key, all[i].value_name };
		if (all[i].value.read == setting_read_peers)
			read_peers(layers, host, &place, ignored);
		else if (all[i].value_name)
			read_value(layers, host, &place);
	}
	return STATUS_OK;
}

enum status config_registry_read(struct layers *layers, struct host *host, const char **ignored,
				 const char **error)
{
	*ignored = NULL;
	enum status status =
		read_key(layers, host, LAYER_POLICY, CONFIG_POLICY_KEY, ignored, error);

	if (status == STATUS_OK)
		status = read_key(layers, host, LAYER_INSTALLER, CONFIG_INSTALLER_KEY, ignored,
				  error);
	return status;
}
