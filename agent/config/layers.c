#include "agent/config/layers.h"

/* A setting that is being decided. */
struct deciding {
	struct layers *layers;
	const struct setting *setting;
	struct options *options;
	struct layer_choice *choice;
};

const char *layer_name(enum layer layer)
{
	static const char *const names[] = { "default", "file", "installer", "policy",
					     "command line" };
	return names[layer];
}

static struct layer_value *append(struct layers *layers, const struct setting *setting,
				  enum layer layer, const char *where)
{
	struct layer_value *value = arena_alloc(layers->arena, sizeof *value);

	*value = (struct layer_value){ .setting = setting,
				       .layer = layer,
				       .where = arena_strdup(layers->arena, where),
				       .text = "" };
	if (layers->last)
		layers->last->next = value;
	else
		layers->first = value;
	layers->last = value;
	return value;
}

void layers_add(struct layers *layers, const struct setting *setting, enum layer layer,
		const char *where, const char *text)
{
	append(layers, setting, layer, where)->text = arena_strdup(layers->arena, text);
}

void layers_add_unreadable(struct layers *layers, const struct setting *setting, enum layer layer,
			   const char *where, const char *why)
{
	append(layers, setting, layer, where)->wrong = arena_strdup(layers->arena, why);
}

static bool is_of(const struct deciding *d, const struct layer_value *value, enum layer layer)
{
	return value->setting == d->setting && value->layer == layer;
}

/* Applies one value; says in it what is wrong with it. */
static bool apply(const struct deciding *d, struct layer_value *value)
{
	if (!value->wrong)
		value->wrong = setting_apply(d->setting, value->text, d->layers->arena, d->options);
	value->use = value->wrong ? LAYER_INVALID : LAYER_USED;
	return !value->wrong;
}

static void choose(const struct deciding *d, const struct layer_value *value)
{
	struct layer_choice *c = d->choice;

	c->text = setting_join(d->setting, c->text, value->text, d->layers->arena);
	c->layer = value->layer;
	c->where = value->where;
}

/* What a place can say of a setting. */
enum said { SAID_NOTHING, SAID_VALID, SAID_INVALID };

static enum said take_layer(const struct deciding *d, enum layer layer)
{
	enum said said = SAID_NOTHING;

	for (struct layer_value *v = d->layers->first; v; v = v->next) {
		if (!is_of(d, v, layer))
			continue;
		if (apply(d, v)) {
			choose(d, v);
			said = SAID_VALID;
		} else if (said == SAID_NOTHING) {
			said = SAID_INVALID;
		}
	}
	return said;
}

/* The setting stays as it was. */
static void keep_choice(const struct deciding *d, const struct layer_choice *before)
{
	struct arena *arena = d->layers->arena;

	*d->choice = *before;
	d->choice->kept = true;
	if (!before->text)
		return;
	d->choice->text = arena_strdup(arena, before->text);
	d->choice->where = arena_strdup(arena, before->where);
	(void)setting_apply(d->setting, d->choice->text, arena, d->options); /* was good before */
}

/* Goes down from `highest` to the first place that says something valid. */
static void decide(const struct deciding *d, enum layer highest, const struct layer_choice *before)
{
	for (int layer = (int)highest; layer > LAYER_DEFAULT; layer--) {
		enum said said = take_layer(d, (enum layer)layer);
		if (said == SAID_INVALID && before) {
			keep_choice(d, before);
			return;
		}
		if (said == SAID_VALID)
			return;
	}
}

void layers_resolve(struct layers *layers, const struct layers_result *last,
		    struct layers_result *out)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	options_init(&out->options);
	out->choices = arena_alloc_array(layers->arena, n, sizeof *out->choices);
	for (size_t i = 0; i < n; i++) {
		struct deciding d = { layers, &all[i], &out->options, &out->choices[i] };
		out->choices[i] = (struct layer_choice){ .layer = LAYER_DEFAULT };
		if (all[i].value.read == setting_read_peers) {
			decide(&d, LAYER_POLICY, NULL);
			(void)take_layer(&d, LAYER_COMMAND_LINE);
		} else {
			decide(&d, LAYER_COMMAND_LINE, last ? &last->choices[i] : NULL);
		}
	}
}
