/*
 * Any bytes as what happens to a site. After each step the index that keeps the site up to date is
 * as its header says, and the site looks as if it were viewed afresh.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/proto/site/site_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_STEPS 300 /* each views the site afresh */

struct choices {
	const uint8_t *at;
	const uint8_t *end;
};

static uint32_t next_byte(void *user, uint32_t below)
{
	struct choices *choices = user;

	return choices->at < choices->end ? *choices->at++ % below : 0;
}

static void expect_no_fault(const char *fault)
{
	if (!fault)
		return;
	fprintf(stderr, "%s\n", fault);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum grade usual[] = { GRADE_MTA, GRADE_MAPPED, GRADE_NONE };
	struct choices choices = { data, data + size };
	static struct world w;

	world_begin(&w, usual[next_byte(&choices, 3)], next_byte, &choices);
	for (int i = 0; i < MAX_STEPS && choices.at < choices.end; i++)
		expect_no_fault(world_step(&w));
	expect_no_fault(world_end(&w));
	return 0;
}
