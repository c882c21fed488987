/*
 * ADMX and ADML ("ADMX Schema", Microsoft): the policies without words, and the words of one
 * language. The order of the elements is the schema's. No text needs to be escaped: policy_list()
 * lets no such sign through.
 */
#include "agent/deploy/policy.h"

#include "agent/config/registry.h"

#define NAMESPACE "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions"

static void write_element(FILE *out, const struct policy *p)
{
	const char *name = p->setting->value_name;

	if (p->setting->value.read == value_number) {
		fprintf(out,
			"        <decimal id=\"%s\" valueName=\"%s\" required=\"true\" "
			"minValue=\"%ld\" maxValue=\"%ld\"/>\n",
			name, name, (long)p->setting->value.min, (long)p->setting->value.max);
	} else if (p->setting->value.read == setting_read_level) {
		fprintf(out, "        <enum id=\"%s\" valueName=\"%s\" required=\"true\">\n", name,
			name);
		for (const char *const *level = policy_levels; *level; level++)
			fprintf(out,
				"          <item displayName=\"$(string.%s_%s)\"><value><string>%s"
				"</string></value></item>\n",
				name, *level, *level);
		fputs("        </enum>\n", out);
	} else if (p->setting->value.read == setting_read_peers) {
		fprintf(out,
			"        <list id=\"%s\" key=\"" CONFIG_POLICY_KEY
			"\\%s\" valuePrefix=\"" CONFIG_PEER_PREFIX "\"/>\n",
			name, name);
	} else {
		fprintf(out,
			"        <text id=\"%s\" valueName=\"%s\" required=\"true\" "
			"maxLength=\"%zu\"/>\n",
			name, name, policy_max_text(p));
	}
}

static void write_policy(FILE *out, const struct policy *p)
{
	const char *name = p->setting->value_name;

	fprintf(out,
		"    <policy name=\"%s\" class=\"Machine\" displayName=\"$(string.%s)\" "
		"explainText=\"$(string.%s_Help)\" presentation=\"$(presentation.%s)\" "
		"key=\"" CONFIG_POLICY_KEY "\">\n"
		"      <parentCategory ref=\"Category\"/>\n"
		"      <supportedOn ref=\"Supported\"/>\n"
		"      <elements>\n",
		name, name, name, name);
	write_element(out, p);
	fputs("      </elements>\n"
	      "    </policy>\n",
	      out);
}

void policy_write_admx(FILE *out, const struct policy *policies, size_t n)
{
	fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	      "<!-- mtawatch " MTAWATCH_VERSION ", made from the agent's table of settings -->\n"
	      "<policyDefinitions xmlns=\"" NAMESPACE "\" revision=\"1.0\" schemaVersion=\"1.0\">\n"
	      "  <policyNamespaces>\n"
	      "    <target prefix=\"mtawatch\" namespace=\"Mtawatch.Policies.Agent\"/>\n"
	      "  </policyNamespaces>\n"
	      "  <supersededAdm fileName=\"mtawatch.adm\"/>\n"
	      "  <resources minRequiredRevision=\"1.0\"/>\n"
	      "  <supportedOn>\n"
	      "    <definitions>\n"
	      "      <definition name=\"Supported\" displayName=\"$(string.Supported)\"/>\n"
	      "    </definitions>\n"
	      "  </supportedOn>\n"
	      "  <categories>\n"
	      "    <category name=\"Category\" displayName=\"$(string.Category)\"/>\n"
	      "  </categories>\n"
	      "  <policies>\n",
	      out);
	for (size_t i = 0; i < n; i++)
		write_policy(out, &policies[i]);
	fputs("  </policies>\n"
	      "</policyDefinitions>\n",
	      out);
}

static void write_string(FILE *out, const char *name, const char *suffix, const char *text)
{
	fprintf(out, "      <string id=\"%s%s\">%s</string>\n", name, suffix, text);
}

static void write_strings(FILE *out, const struct policy *p)
{
	const char *name = p->setting->value_name;

	write_string(out, name, "", p->text->title);
	write_string(out, name, "_Help", p->text->help);
	for (const char *const *level = policy_levels;
	     p->setting->value.read == setting_read_level && *level; level++)
		fprintf(out, "      <string id=\"%s_%s\">%s</string>\n", name, *level, *level);
}

/* Number of the level that the field shows first, from 0: the last one. */
static int default_level(void)
{
	int n = 0;

	while (policy_levels[n + 1])
		n++;
	return n;
}

static void write_presentation(FILE *out, const struct policy *p)
{
	const char *name = p->setting->value_name;

	fprintf(out, "      <presentation id=\"%s\">\n        ", name);
	if (p->setting->value.read == value_number)
		fprintf(out,
			"<decimalTextBox refId=\"%s\" defaultValue=\"%ld\" spin=\"%s\">%s"
			"</decimalTextBox>",
			name, policy_default(p),
			p->setting->value.max <= POLICY_MAX_SPIN ? "true" : "false",
			p->text->label);
	else if (p->setting->value.read == setting_read_level)
		fprintf(out,
			"<dropdownList refId=\"%s\" noSort=\"true\" defaultItem=\"%d\">%s"
			"</dropdownList>",
			name, default_level(), p->text->label);
	else if (p->setting->value.read == setting_read_peers)
		fprintf(out, "<listBox refId=\"%s\">%s</listBox>", name, p->text->label);
	else
		fprintf(out, "<textBox refId=\"%s\"><label>%s</label></textBox>", name,
			p->text->label);
	fputs("\n      </presentation>\n", out);
}

void policy_write_adml(FILE *out, const struct policy *policies, size_t n)
{
	fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	      "<!-- mtawatch " MTAWATCH_VERSION ", made from the agent's table of settings -->\n"
	      "<policyDefinitionResources xmlns=\"" NAMESPACE
	      "\" revision=\"1.0\" schemaVersion=\"1.0\">\n"
	      "  <displayName>mtawatch agent</displayName>\n"
	      "  <description>Settings of the mtawatch agent on Exchange 5.5 "
	      "servers</description>\n"
	      "  <resources>\n"
	      "    <stringTable>\n",
	      out);
	write_string(out, "Category", "", POLICY_CATEGORY);
	write_string(out, "Supported", "", POLICY_SUPPORTED);
	for (size_t i = 0; i < n; i++)
		write_strings(out, &policies[i]);
	fputs("    </stringTable>\n"
	      "    <presentationTable>\n",
	      out);
	for (size_t i = 0; i < n; i++)
		write_presentation(out, &policies[i]);
	fputs("    </presentationTable>\n"
	      "  </resources>\n"
	      "</policyDefinitionResources>\n",
	      out);
}
