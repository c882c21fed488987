#include "collector/model/record_remark.h"

#include "collector/model/record_trend.h"

const char *record_remark_site(const char *organization, const char *site, struct arena *arena)
{
	return record_trend_area(organization, site, arena);
}
