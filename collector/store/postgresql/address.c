#include "collector/store/postgresql/address.h"

#include <stddef.h>
#include <string.h>

#include "collector/store/postgresql/engine.h"

#define HOST_SIZE 256

PQconninfoOption *pg_address_parse(const char *address, const char **wanted)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(address, &message);

	PQfreemem(message); /* it may show the address, and with it a password */
	if (!options) {
		*wanted = "postgresql://HOST/DATABASE, as libpq has it";
	} else if (pg_address_value(options, "password") ||
		   pg_address_value(options, "sslpassword")) {
		PQconninfoFree(options);
		options = NULL;
		*wanted = "one without a password, which everybody could read here: that goes into "
			  "a file of its own, store-password-file";
	}
	return options;
}

const char *pg_address_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++) {
		if (strcmp(options->keyword, keyword) == 0)
			return options->val && *options->val ? options->val : NULL;
	}
	return NULL;
}

/* "@" begins the name of an abstract socket. */
bool pg_address_is_here(const char *host)
{
	return !host || !*host || *host == '/' || *host == '@' || strcmp(host, "localhost") == 0 ||
	       strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* Each of a list between commas. */
static bool are_here(const char *hosts)
{
	char host[HOST_SIZE];

	while (hosts && *hosts) {
		size_t n = strcspn(hosts, ",");
		if (n >= sizeof host)
			return false;
		memcpy(host, hosts, n);
		host[n] = '\0';
		if (!pg_address_is_here(host))
			return false;
		hosts += n + (hosts[n] == ',');
	}
	return true;
}

bool pg_address_proves_server(const PQconninfoOption *options)
{
	const char *mode = pg_address_value(options, "sslmode");
	return mode && strcmp(mode, "verify-full") == 0;
}

const char *postgresql_engine_address_fault(const char *address)
{
	const char *wanted = NULL;
	PQconninfoOption *options = pg_address_parse(address, &wanted);

	PQconninfoFree(options);
	return wanted;
}

/* What is not said is verify-full; what a service says is known only once it is connected to. */
const char *postgresql_engine_network_fault(const char *address)
{
	const char *ignored = NULL;
	PQconninfoOption *options = pg_address_parse(address, &ignored);
	const char *host = pg_address_value(options, "hostaddr");

	if (!host)
		host = pg_address_value(options, "host");
	bool is_good = !pg_address_value(options, "sslmode") || pg_address_proves_server(options) ||
		       are_here(host);

	PQconninfoFree(options);
	return is_good ? NULL : "it leads to another machine, and " PG_ADDRESS_UNPROVEN;
}
