#include "agent/collect/internal.h"

#include <string.h>

#include "agent/collect/x500.h"
#include "proto/base/text.h"
#include "proto/exposure/advisory.h"

#define SETUP_KEY      "SOFTWARE\\Microsoft\\Exchange\\Setup" /* Q149205 */
#define MTA_KEY        "SYSTEM\\CurrentControlSet\\Services\\MSExchangeMTA"
#define PARAMETERS_KEY MTA_KEY "\\Parameters" /* Q282780, Q155509 */
#define CLUSTER_KEY    "Cluster"              /* the hive of the cluster service (Q217147) */

/* Builds of Exchange 5.5's Emsmta.exe by service pack (Q163294). */
static const struct {
	uint16_t build;
	uint16_t revision;
} service_packs[] = { { 1960, 3 }, { 2232, 18 }, { 2448, 1 }, { 2650, 24 }, { 2653, 23 } };

#define N_PACKS (sizeof service_packs / sizeof *service_packs)

/* Setup's builds that tell the version: Q158731, Q174695, Q163294, Q319936. */
static const struct {
	uint32_t first;
	uint32_t last;
	uint16_t major;
	uint16_t minor;
} families[] = {
	{ 800, 1000, 4, 0 }, { 1457, 1460, 5, 0 }, { 1960, 2999, 5, 5 }, { 4417, 6999, 6, 0 }
};

/* The version that Setup's build number stands for; false where it is none that we know. */
static bool version_of_build(uint32_t build, struct version *out)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (build < families[i].first || build > families[i].last)
			continue;
		*out = (struct version){ { families[i].major, families[i].minor, (uint16_t)build,
					   0 } };
		return true;
	}
	return false;
}

/*
 * Is there an MTA service? Its registry key stands in where the service cannot be asked, so that
 * missing rights do not hide a server.
 */
static enum tristate find_mta(struct collecting *c)
{
	struct host_service service;
	struct os_error error;
	enum status status = host_query_service(c->host, ADVISORY_MTA_SOURCE, &service, &error);
	if (status == STATUS_OK)
		return service.state == SERVICE_STATE_NOT_INSTALLED ? TRISTATE_NO : TRISTATE_YES;
	if (status == STATUS_NOT_FOUND)
		return TRISTATE_YES; /* it is there, only its state is not told */

	status = host_find_key(c->host, MTA_KEY, &error);
	if (status == STATUS_OK)
		return TRISTATE_YES;
	if (status == STATUS_NOT_FOUND)
		return TRISTATE_NO;
	collect_problem(c, "exchange.installed", &error);
	return TRISTATE_UNKNOWN;
}

/* Did an MTA of this machine write into the log? */
static bool has_mta_events(struct collecting *c)
{
	const char *const names[] = { c->report->host.name };
	const struct host_question question = { .source = ADVISORY_MTA_SOURCE,
						.ids = mta_starts_event_ids,
						.n_ids = mta_starts_n_event_ids,
						.computers = names,
						.n_computers = names[0] != NULL };
	struct host_answer answer;
	struct os_error ignored; /* then nothing is known of it */

	return host_read_events(c->host, &question, c->arena, &answer, &ignored) == STATUS_OK &&
	       answer.n > 0;
}

/*
 * What speaks for an MTA although the registry knows no service of it, in words; NULL: nothing.
 * Of a running Windows only its own programs speak, not what an MTA of former days left behind.
 */
static const char *find_evidence(struct collecting *c)
{
	struct os_error ignored;
	struct host_file facts;
	struct host_value setup;
	const char *directory = "C:\\exchsrvr";

	bool known = host_read_value(c->host, SETUP_KEY, "Services", c->arena, &setup, &ignored) ==
			     STATUS_OK &&
		     setup.kind == HOST_VALUE_STRING && setup.text[0];
	if (known)
		directory = setup.text;
	const char *program = arena_printf(c->arena, "%s\\bin\\" ADVISORY_MTA_FILE, directory);
	if ((known || host_is_image(c->host)) &&
	    host_stat_file(c->host, program, &facts, &ignored) == STATUS_OK)
		return arena_printf(c->arena, "%s is there", program);
	if (host_is_image(c->host) && has_mta_events(c))
		return "the event log holds events of " ADVISORY_MTA_SOURCE;
	return NULL;
}

/* As find_mta(), but never NO against evidence: then a part of the registry is missing. */
static enum tristate judge_installed(struct collecting *c)
{
	enum tristate installed = find_mta(c);
	const char *evidence = installed == TRISTATE_NO ? find_evidence(c) : NULL;
	if (!evidence)
		return installed;
	report_add_problem(c->report, c->arena, "exchange.installed", REPORT_ABSENT,
			   arena_printf(c->arena,
					"%s, but the registry holds no HKLM\\" MTA_KEY
					"; export HKEY_LOCAL_MACHINE\\SYSTEM\\"
					"CurrentControlSet\\Services, too",
					evidence));
	return TRISTATE_UNKNOWN;
}

/* The cluster service or its hive makes a cluster node. */
static enum tristate find_cluster(struct collecting *c)
{
	struct host_service service;
	struct os_error service_error;
	struct os_error key_error;
	enum status asked = host_query_service(c->host, "ClusSvc", &service, &service_error);
	if (asked == STATUS_NOT_FOUND ||
	    (asked == STATUS_OK && service.state != SERVICE_STATE_NOT_INSTALLED))
		return TRISTATE_YES;
	enum status found = host_find_key(c->host, CLUSTER_KEY, &key_error);
	if (found == STATUS_OK)
		return TRISTATE_YES;
	if (asked == STATUS_OK && found == STATUS_NOT_FOUND)
		return TRISTATE_NO;
	collect_problem(c, "exchange.clustered", asked != STATUS_OK ? &service_error : &key_error);
	return TRISTATE_UNKNOWN;
}

/* C:\exchsrvr out of "C:\exchsrvr\bin\emsmta.exe"; NULL where it does not end so. */
static const char *directory_of_image(const char *image, struct arena *arena)
{
	if (!image)
		return NULL;
	image += *image == '"';
	size_t n = strcspn(image, "\"");
	static const char tail[] = "\\bin\\emsmta.exe";
	const size_t length = sizeof tail - 1;
	for (size_t i = 0; i + length <= n; i++) {
		if (text_has_prefix(image + i, tail))
			return i > 0 ? arena_strndup(arena, image, i) : NULL;
	}
	return NULL;
}

static void get_directory(struct collecting *c)
{
	const char *directory = collect_text(c, "exchange.directory", SETUP_KEY, "Services");
	if (!directory)
		directory = directory_of_image(
			collect_text(c, "exchange.directory", MTA_KEY, "ImagePath"), c->arena);
	if (!directory && !report_find_problem(c->report, "exchange.directory"))
		report_add_problem(c->report, c->arena, "exchange.directory", REPORT_ABSENT,
				   "registry: neither Exchange\\Setup, value Services, nor the "
				   "service's ImagePath names the directory of Exchange");
	c->report->exchange.directory = directory;
}

/* "5.5.2653.23" for a build of a service pack, which is always that one; else what is known. */
static void get_build(struct collecting *c)
{
	struct version version;
	char text[VERSION_TEXT_SIZE];
	if (!collect_number(c, "exchange.build", SETUP_KEY, "NewestBuild", &c->registry_build) ||
	    !version_of_build(c->registry_build, &version))
		return;
	const uint16_t *part = version.part;
	c->report->exchange.build = arena_printf(c->arena, "%u.%u.%u", part[0], part[1], part[2]);
	for (size_t i = 0; i < N_PACKS; i++) {
		if (service_packs[i].build != part[2])
			continue;
		version.part[3] = service_packs[i].revision;
		c->report->exchange.build = arena_strdup(c->arena, version_format(&version, text));
	}
}

static void get_names(struct collecting *c)
{
	struct x500_server names;
	const char *dn = collect_text(c, "exchange.site", PARAMETERS_KEY, "X500 DN");
	if (dn && x500_parse_server(dn, c->arena, &names)) {
		c->report->exchange.organization = names.organization;
		c->report->exchange.site = names.site;
		c->report->exchange.server = names.server;
		return;
	}
	if (report_find_problem(c->report, "exchange.site"))
		return;
	const char *why = dn ? "names no organization, site and server: " : "is not there";
	report_add_problem(c->report, c->arena, "exchange.site", REPORT_ABSENT,
			   arena_printf(c->arena, "registry HKLM\\%s, value \"X500 DN\" %s%s",
					PARAMETERS_KEY, why, dn ? dn : ""));
}

void collect_exchange(struct collecting *c)
{
	struct report *report = c->report;
	report->exchange.installed = judge_installed(c);
	if (report->exchange.installed == TRISTATE_NO)
		return;
	report->exchange.clustered = find_cluster(c);
	if (report->exchange.installed != TRISTATE_YES)
		return;
	get_directory(c);
	get_build(c);
	get_names(c);
	c->run_directory = collect_text(c, "files", PARAMETERS_KEY, "MTA Run Directory");
}

/* The best witness of what runs here: the program itself, then Setup, then the startup event. */
static bool find_version(const struct collecting *c, struct version *out)
{
	const struct report_file *mta = report_find_file(c->report, ADVISORY_MTA_FILE);
	struct version version;
	if (mta && mta->version && version_parse(mta->version, &version)) {
		*out = advisory_normalize(version);
		return true;
	}
	if (version_of_build(c->registry_build, out))
		return true;
	return c->running_build && version_parse(c->running_build, out);
}

static int64_t service_pack_of(const struct version *version)
{
	int64_t pack = REPORT_ABSENT;
	for (size_t i = 0; i < N_PACKS; i++) {
		if (version->part[2] >= service_packs[i].build)
			pack = (int64_t)i;
	}
	return pack;
}

void collect_version(struct collecting *c)
{
	struct version version;
	if (!find_version(c, &version))
		return;
	c->report->exchange.version =
		arena_printf(c->arena, "%u.%u", version.part[0], version.part[1]);
	if (advisory_is_exchange55(&version))
		c->report->exchange.service_pack = service_pack_of(&version);
}
