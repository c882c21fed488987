#include "agent/host/host.h"

#include <stdio.h>
#include <string.h>

#include <winsock2.h>

int host_reverse_lookup(struct host *host, uint32_t address, char name[HOST_MAX_NAME])
{
	(void)host;
	u_long wire = htonl(address);
	const struct hostent *found = gethostbyaddr((const char *)&wire, (int)sizeof wire, AF_INET);
	if (!found || !found->h_name)
		return WSAGetLastError();
	snprintf(name, HOST_MAX_NAME, "%s", found->h_name);
	return HOST_LOOKUP_OK;
}

int host_forward_lookup(struct host *host, const char *name, uint32_t addresses[HOST_MAX_ADDRESSES],
			size_t *n)
{
	(void)host;
	const struct hostent *found = gethostbyname(name);
	size_t count = 0;
	if (!found)
		return WSAGetLastError();
	for (char **at = found->h_addr_list; *at && count < HOST_MAX_ADDRESSES; at++) {
		u_long wire = 0;
		memcpy(&wire, *at, sizeof wire);
		addresses[count++] = ntohl(wire);
	}
	*n = count;
	return count > 0 ? HOST_LOOKUP_OK : HOST_LOOKUP_NO_DATA;
}
