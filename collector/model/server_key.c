#include "collector/model/server_key.h"

#include "proto/base/text.h"

char *server_key(const char *host_name, char key[SERVER_KEY_SIZE])
{
	size_t n = text_short_name_length(host_name);
	if (n >= SERVER_KEY_SIZE)
		n = SERVER_KEY_SIZE - 1; /* longer than any name in a report: equal to none */
	for (size_t i = 0; i < n; i++)
		key[i] = text_lower(host_name[i]);
	key[n] = '\0';
	return key;
}
