#include "proto/exposure/advisory.h"

/* In the order of the article. */
static const struct advisory_file files[] = {
	{ "Dbserver.sch", false }, { "Dcprods.cat", false }, { "Emsmta.exe", true },
	{ "Ems_rid.dll", true },   { "MTacheck.exe", true }, { "Infoplog.cfg", false },
	{ "Mtamsg.dll", true },    { "Mtaperf.dll", true },  { "P42.tpl", false },
	{ "P772.tpl", false },     { "P2.xv2", false },      { "X400om.dll", true },
};

const struct advisory advisory_q285350 = {
	.id = "Q285350",
	.fault_since = { { 5, 5, 2651, 75 } },
	.needs = { { 5, 5, 2653, 23 } },
	.fixed_in = { { 5, 5, 2654, 54 } },
	.files = files,
	.n_files = sizeof files / sizeof *files,
};

struct version advisory_normalize(struct version version)
{
	bool misprinted = version.part[0] == 6 && version.part[1] == 0 && version.part[2] >= 2600 &&
			  version.part[2] <= 2699;
	if (misprinted) {
		version.part[0] = 5;
		version.part[1] = 5;
	}
	return version;
}

bool advisory_is_exchange55(const struct version *normalized)
{
	return normalized->part[0] == 5 && normalized->part[1] == 5;
}
