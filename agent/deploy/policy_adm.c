/*
 * ADM: lines with CR and LF, ASCII. "#if version" keeps what an older editor does not know from it:
 * poledit of NT 4.0 is version 2, the editor of Windows 2000 is 3, that of XP and 2003 is 4.
 */
#include "agent/deploy/policy.h"

#include <stdarg.h>
#include <string.h>

#include "agent/config/registry.h"

static void line(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vfprintf(out, format, args);
	va_end(args);
	(void)fputs("\r\n", out);
}

static void write_number(FILE *out, const struct policy *p)
{
	line(out, "      PART !!%s_Part NUMERIC REQUIRED", p->setting->value_name);
	line(out, "        VALUENAME \"%s\"", p->setting->value_name);
	line(out, "        MIN %ld MAX %ld DEFAULT %ld SPIN %d", (long)p->setting->value.min,
	     (long)p->setting->value.max, policy_default(p),
	     p->setting->value.max <= POLICY_MAX_SPIN ? 1 : 0);
}

static void write_level(FILE *out, const struct policy *p)
{
	line(out, "      PART !!%s_Part DROPDOWNLIST REQUIRED", p->setting->value_name);
	line(out, "        VALUENAME \"%s\"", p->setting->value_name);
	line(out, "        ITEMLIST");
	for (const char *const *level = policy_levels; *level; level++)
		line(out, "          NAME !!%s_%s VALUE \"%s\"%s", p->setting->value_name, *level,
		     *level, level[1] ? "" : " DEFAULT");
	line(out, "        END ITEMLIST");
}

static void write_peers(FILE *out, const struct policy *p)
{
	line(out, "      PART !!%s_Part LISTBOX", p->setting->value_name);
	line(out, "        KEYNAME \"" CONFIG_POLICY_KEY "\\%s\"", p->setting->value_name);
	line(out, "        VALUEPREFIX \"" CONFIG_PEER_PREFIX "\"");
}

/* The editor of NT 4.0 is not known to take more. */
#define MAX_TEXT 255

static void write_text(FILE *out, const struct policy *p)
{
	size_t most = policy_max_text(p);

	line(out, "      PART !!%s_Part EDITTEXT REQUIRED", p->setting->value_name);
	line(out, "        VALUENAME \"%s\"", p->setting->value_name);
	line(out, "        MAXLEN %zu", most < MAX_TEXT ? most : MAX_TEXT);
}

static void write_policy(FILE *out, const struct policy *p)
{
	line(out, "    POLICY !!%s", p->setting->value_name);
	line(out, "      KEYNAME \"" CONFIG_POLICY_KEY "\"");
	line(out, "      #if version >= 4");
	line(out, "        SUPPORTED !!Supported");
	line(out, "      #endif");
	line(out, "      #if version >= 3");
	line(out, "        EXPLAIN !!%s_Help", p->setting->value_name);
	line(out, "      #endif");
	if (p->setting->value.read == value_number)
		write_number(out, p);
	else if (p->setting->value.read == setting_read_level)
		write_level(out, p);
	else if (p->setting->value.read == setting_read_peers)
		write_peers(out, p);
	else
		write_text(out, p);
	line(out, "      END PART");
	line(out, "    END POLICY");
}

static void write_strings(FILE *out, const struct policy *p)
{
	const char *name = p->setting->value_name;

	line(out, "%s=\"%s\"", name, p->text->title);
	line(out, "%s_Part=\"%s\"", name, p->text->label);
	line(out, "%s_Help=\"%s\"", name, p->text->help);
	for (const char *const *level = policy_levels;
	     p->setting->value.read == setting_read_level && *level; level++)
		line(out, "%s_%s=\"%s\"", name, *level, *level);
}

void policy_write_adm(FILE *out, const struct policy *policies, size_t n)
{
	line(out, "; mtawatch " MTAWATCH_VERSION ", made from the agent's table of settings");
	line(out, "CLASS MACHINE");
	line(out, "  CATEGORY !!Category");
	for (size_t i = 0; i < n; i++)
		write_policy(out, &policies[i]);
	line(out, "  END CATEGORY");
	line(out, "%s", "");
	line(out, "[strings]");
	line(out, "Category=\"" POLICY_CATEGORY "\"");
	line(out, "Supported=\"" POLICY_SUPPORTED "\"");
	for (size_t i = 0; i < n; i++)
		write_strings(out, &policies[i]);
}
