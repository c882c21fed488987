#include "proto/exposure/exposure.h"

#include <string.h>

#include "proto/exposure/internal.h"

static const struct {
	const char *name;
	const char *word;
	const char *meaning;
} verdicts[VERDICT_COUNT] = {
#define X(symbol, name, word, meaning) [VERDICT_##symbol] = { name, word, meaning },
#include "proto/exposure/verdicts.def"
#undef X
};

const char *verdict_name(enum verdict verdict)
{
	return verdicts[verdict].name;
}

const char *verdict_word(enum verdict verdict)
{
	return verdicts[verdict].word;
}

const char *verdict_meaning(enum verdict verdict)
{
	return verdicts[verdict].meaning;
}

bool verdict_from_name(const char *name, enum verdict *out)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		if (strcmp(name, verdicts[i].name) == 0) {
			*out = (enum verdict)i;
			return true;
		}
	}
	return false;
}

const char *verdict_word_of(const char *name)
{
	enum verdict verdict;

	return verdict_from_name(name, &verdict) ? verdict_word(verdict) : name;
}

const char *remedy_action_name(enum remedy_action action)
{
	static const char *const names[] = { "disable_adapter", "connect_adapter",
					     "install_service_pack", "install_fix", "start_mta" };
	return names[action];
}

void exposure_assess(const struct site_server *server, struct assessment *out, struct arena *arena)
{
	struct exposure_context x = {
		.server = server,
		.report = server->report,
		.arena = arena,
	};
	struct reason_list reasons = { 0 };

	exposure_facts_of(x.server, &x.facts);
	x.verdict = exposure_judge(&x.facts, &x.missing);
	exposure_add_reasons(&x, &reasons);
	exposure_add_notes(&x, &reasons);

	*out = (struct assessment){
		.verdict = x.verdict,
		.reasons = reasons.items,
		.n_reasons = reasons.n,
	};
	exposure_make_remedy(&x, &out->remedy);
}

void exposure_assess_alone(const struct report *report, struct assessment *out, struct arena *arena)
{
	struct site_report alone = { .report = report, .at_ms = report->collected_at_ms };
	struct site site;

	site_view(&site, &alone, 1, alone.at_ms, NULL, NULL, arena);
	exposure_assess(&site.servers[0], out, arena);
}

enum verdict exposure_verdict_alone(const struct report *report)
{
	struct assessment assessment;
	struct arena arena;

	arena_init(&arena);
	exposure_assess_alone(report, &assessment, &arena);
	arena_deinit(&arena);
	return assessment.verdict;
}

bool verdict_is_alarm(enum verdict verdict)
{
	return verdict == VERDICT_FAILING || verdict == VERDICT_EXPOSED;
}
