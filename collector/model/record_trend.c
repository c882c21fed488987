#include "collector/model/record_trend.h"

#include <string.h>

#include "proto/base/casefold.h"

/* No name has it, for nobody can type it in. */
#define BETWEEN "\n"

const char *record_trend_area(const char *organization, const char *site, struct arena *arena)
{
	char *area = arena_printf(arena, "%s" BETWEEN "%s", organization ? organization : "",
				  site ? site : "");

	casefold_copy(area, area);
	return area;
}
