/* The build's program: mtawatch-policy FORM FILE, where FORM is adm, admx or adml. */
#include "agent/deploy/policy.h"

#include <stdlib.h>
#include <string.h>

#define MAX_POLICIES 64

static const struct form {
	const char *name;
	void (*write)(FILE *out, const struct policy *policies, size_t n);
} forms[] = {
	{ "adm", policy_write_adm },
	{ "admx", policy_write_admx },
	{ "adml", policy_write_adml },
};

static bool write_form(const struct form *form, const char *path)
{
	struct policy policies[MAX_POLICIES];
	size_t n = policy_list(policies, MAX_POLICIES);
	FILE *out = fopen(path, "wb");

	if (!out)
		return false;
	form->write(out, policies, n);
	bool good = !ferror(out);
	return fclose(out) == 0 && good;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof forms / sizeof *forms; i++) {
		if (strcmp(argv[1], forms[i].name) != 0)
			continue;
		if (write_form(&forms[i], argv[2]))
			return EXIT_SUCCESS;
		fprintf(stderr, "could not write %s\n", argv[2]);
		return EXIT_FAILURE;
	}
	fputs("usage: mtawatch-policy adm|admx|adml FILE\n", stderr);
	return EXIT_FAILURE;
}
