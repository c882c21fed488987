#include "collector/commands/init_config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/base/file_replace.h"
#include "collector/cli/terminal.h"
#include "collector/daemon/options.h"
#include "collector/daemon/settings.h"

static const char about_sections[] =
	"# Behind the settings follow sections: [alerts], [maintenance NAME], and a [hook NAME] "
	"for each\n"
	"# receiver of alerts (mail, webhooks, Slack, Teams, PagerDuty, Alertmanager, a program). "
	"The\n"
	"# manual page mtawatch-collector.conf(5) explains each key of them.\n"
	"#\n"
	"#[hook mail]\n"
	"#type = email\n"
	"#smtp = smtp://mail.example.com:587\n"
	"#from = mtawatch@example.com\n"
	"#to = operators@example.com\n";

void init_config_set(struct init_config *config, const char *key, const char *value,
		     bool is_asked_for)
{
	assert(config->n < INIT_CONFIG_MAX);
	if (!value)
		return;
	config->settings[config->n].key = key;
	config->settings[config->n].value = value;
	config->settings[config->n].is_asked_for = is_asked_for;
	config->n++;
}

/* The settings as `serve` would read them on its command line. */
static int read_settings(const struct init_config *config, struct options *out, struct arena *arena)
{
	char *argv[INIT_CONFIG_MAX];
	struct faults faults;

	for (size_t i = 0; i < config->n; i++)
		argv[i] = arena_printf(arena, "--%s=%s", config->settings[i].key,
				       config->settings[i].value);
	return options_read(out, (int)config->n, argv, arena, &faults) == STATUS_OK
		       ? TERMINAL_EXIT_OK
		       : terminal_refuse("%s", faults.texts[0]);
}

int init_config_check(const struct init_config *config, struct arena *arena)
{
	struct options options;
	return read_settings(config, &options, arena);
}

static char *directory_of(const char *path, struct arena *arena)
{
	char *directory = arena_strdup(arena, path);
	char *slash = strrchr(directory, '/');

	if (!slash)
		return arena_strdup(arena, ".");
	slash[slash == directory ? 1 : 0] = '\0';
	return directory;
}

int init_config_look(const struct init_config *config, struct arena *arena)
{
	const char *directory = directory_of(config->path, arena);

	if (access(config->path, F_OK) == 0)
		return TERMINAL_EXIT_OK;
	if (mkdir(directory, 0755) != 0 && errno != EEXIST)
		return terminal_fail("could not make the directory %s: %s", directory,
				     strerror(errno));
	if (access(directory, W_OK) == 0)
		return TERMINAL_EXIT_OK;
	return terminal_fail(
		"could not write %s: %s; run it as root, or name another file: --config "
		"FILE",
		config->path, strerror(errno));
}

int init_config_write(const struct init_config *config, const char *at, struct arena *arena)
{
	static const char origin[] = "by `mtawatch-collector init`";
	struct options options;
	struct buffer text;
	char error[512];

	int rc = read_settings(config, &options, arena);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	for (size_t i = 0; i < settings_n; i++) {
		for (size_t k = 0; k < config->n; k++) {
			if (strcmp(settings[i].value.name, config->settings[k].key) == 0)
				options.origins[i] = origin;
		}
	}
	buffer_init(&text);
	options_print(&options, &text);
	buffer_add_text(&text, about_sections);
	if (file_replace(at, 0644, text.bytes, text.size, error, sizeof error) != STATUS_OK)
		rc = terminal_fail("%s", error);
	buffer_deinit(&text);
	return rc;
}

/* What the file says; NULL: nothing. */
static const char *value_in(const struct options *options, const char *key)
{
	for (size_t i = 0; i < settings_n; i++) {
		if (strcmp(settings[i].value.name, key) == 0)
			return strcmp(options->origins[i] ? options->origins[i] : "default",
				      "default")
				       ? options->values[i]
				       : NULL;
	}
	return NULL;
}

int init_config_compare(const struct init_config *config, struct buffer *out, struct arena *arena)
{
	struct options options;
	struct faults faults;

	if (options_read_one(&options, "config", config->path, arena, &faults) != STATUS_OK)
		return terminal_refuse("%s", faults.texts[0]);
	for (size_t i = 0; i < config->n; i++) {
		const char *there = value_in(&options, config->settings[i].key);
		if (!there || (config->settings[i].is_asked_for &&
			       strcmp(there, config->settings[i].value) != 0))
			buffer_printf(out, "  %s = %s\n", config->settings[i].key,
				      config->settings[i].value);
	}
	return TERMINAL_EXIT_OK;
}
