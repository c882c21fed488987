#include "agent/host/posix/internal.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/platform/error.h"

#define ROUTE_FILE "/proc/net/route" /* proc(5); its addresses are in network byte order */

int host_watch_changes(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE,
	};
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The first word of a small file below /sys/class/net, "" where it cannot be read. */
static void read_sys(const char *adapter, const char *name, char *text, int size)
{
	char path[128];
	snprintf(path, sizeof path, "/sys/class/net/%s/%s", adapter, name);
	text[0] = '\0';
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(text, size, file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
}

/*
 * operstate as RFC 2863 has it (the kernel's operstates.rst); where it says nothing, carrier. A
 * container whose /sys is another's has neither, but the flag that follows them (netdevice(7)).
 */
static enum link_state link_of(const char *adapter, unsigned flags)
{
	char text[32];
	read_sys(adapter, "operstate", text, sizeof text);
	if (strcmp(text, "up") == 0)
		return LINK_UP;
	if (strcmp(text, "down") == 0 || strcmp(text, "lowerlayerdown") == 0 ||
	    strcmp(text, "notpresent") == 0)
		return LINK_DOWN;
	read_sys(adapter, "carrier", text, sizeof text);
	if (strcmp(text, "1") == 0)
		return LINK_UP;
	return strcmp(text, "0") == 0 || !(flags & IFF_RUNNING) ? LINK_DOWN : LINK_UP;
}

static const char *mac_text(const struct sockaddr_ll *link, struct arena *arena)
{
	if (link->sll_halen != 6)
		return NULL;
	const unsigned char *m = link->sll_addr;
	return arena_printf(arena, "%02x-%02x-%02x-%02x-%02x-%02x", m[0], m[1], m[2], m[3], m[4],
			    m[5]);
}

static void describe(struct host_adapter *adapter, const struct ifaddrs *entry, struct arena *arena)
{
	char alias[256];
	const struct sockaddr_ll *link = (const void *)entry->ifa_addr;
	read_sys(entry->ifa_name, "ifalias", alias, sizeof alias);
	*adapter = (struct host_adapter){
		.id = arena_strdup(arena, entry->ifa_name),
		.description = arena_strdup(arena, alias[0] ? alias : entry->ifa_name),
		.mac = mac_text(link, arena),
		.enabled = (entry->ifa_flags & IFF_UP) != 0,
		.link = link_of(entry->ifa_name, entry->ifa_flags),
		.addresses =
			arena_alloc_array(arena, HOST_MAX_ADDRESSES, sizeof *adapter->addresses),
		.gateways = arena_alloc_array(arena, HOST_MAX_GATEWAYS, sizeof *adapter->gateways),
	};
}

/* Each adapter has one entry of the packet family, with or without addresses. */
static enum status get_adapters(const struct ifaddrs *list, struct arena *arena,
				struct host_adapter *adapters, size_t *n, struct os_error *error)
{
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_PACKET ||
		    (at->ifa_flags & IFF_LOOPBACK))
			continue;
		if (*n == HOST_MAX_ADAPTERS)
			return os_fail(error, STATUS_LIMIT, OS_NO_CODE, "more than %d adapters",
				       HOST_MAX_ADAPTERS);
		describe(&adapters[(*n)++], at, arena);
	}
	return STATUS_OK;
}

static struct host_adapter *find_adapter(struct host_adapter *adapters, size_t n, const char *name)
{
	/* The label of an address may carry an alias: "eth0:1". */
	size_t length = strcspn(name, ":");
	for (size_t i = 0; i < n; i++) {
		if (strlen(adapters[i].id) == length && memcmp(adapters[i].id, name, length) == 0)
			return &adapters[i];
	}
	return NULL;
}

static uint32_t address_of(const struct sockaddr *sockaddr)
{
	const struct sockaddr_in *in = (const void *)sockaddr;
	return ntohl(in->sin_addr.s_addr);
}

static uint8_t prefix_length(const struct sockaddr *mask)
{
	uint32_t bits = mask ? address_of(mask) : UINT32_MAX;
	return (uint8_t)__builtin_popcount(bits);
}

static void get_addresses(const struct ifaddrs *list, struct host_adapter *adapters, size_t n)
{
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET)
			continue;
		struct host_adapter *adapter = find_adapter(adapters, n, at->ifa_name);
		uint32_t address = address_of(at->ifa_addr);
		if (!adapter || address == 0 || ipv4_is_loopback(address) ||
		    adapter->n_addresses == HOST_MAX_ADDRESSES)
			continue;
		adapter->addresses[adapter->n_addresses++] = (struct ipv4_prefix){
			.address = address,
			.length = prefix_length(at->ifa_netmask),
		};
	}
}

/* Default gateways. */
static enum status get_gateways(struct host_adapter *adapters, size_t n, struct os_error *error)
{
	FILE *file = fopen(ROUTE_FILE, "re");
	if (!file)
		return os_fail(error, STATUS_SYSTEM, errno, "open %s: %s", ROUTE_FILE,
			       strerror(errno));
	char line[256];
	while (fgets(line, sizeof line, file)) {
		char *rest = line + strcspn(line, "\t ");
		char *end = rest;
		unsigned long target = strtoul(rest, &end, 16);
		unsigned long gateway = strtoul(end, NULL, 16);
		if (end == rest || target != 0 || gateway == 0)
			continue;
		*rest = '\0';
		struct host_adapter *adapter = find_adapter(adapters, n, line);
		if (adapter && adapter->n_gateways < HOST_MAX_GATEWAYS)
			adapter->gateways[adapter->n_gateways++] = ntohl((uint32_t)gateway);
	}
	fclose(file);
	return STATUS_OK;
}

enum status host_list_adapters(struct host *host, struct arena *arena, struct host_adapter **out,
			       size_t *n, struct host_gaps *gaps, struct os_error *error)
{
	*gaps = (struct host_gaps){ 0 };
	if (host->disk_only)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE, "adapters: not on the disk");
	struct ifaddrs *list = NULL;
	if (getifaddrs(&list) != 0)
		return os_fail(error, STATUS_SYSTEM, errno, "getifaddrs: %s", strerror(errno));

	size_t count = 0;
	struct host_adapter *adapters =
		arena_alloc_array(arena, HOST_MAX_ADAPTERS, sizeof *adapters);
	enum status status = get_adapters(list, arena, adapters, &count, error);
	if (status == STATUS_OK) {
		get_addresses(list, adapters, count);
		if (get_gateways(adapters, count, error) != STATUS_OK)
			gaps->gateways = os_keep_error(error, arena);
		*out = adapters;
		*n = count;
	}
	freeifaddrs(list);
	return status;
}

struct route_question {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr attribute;
	uint32_t to;
};

/* Sends the question, receives the answer; gives its length or -1. */
static ssize_t ask_kernel(uint32_t to, void *answer, size_t size)
{
	struct route_question question = {
		.header = { .nlmsg_len = sizeof question,
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
		.attribute = { .rta_len = RTA_LENGTH(sizeof to), .rta_type = RTA_DST },
		.to = htonl(to),
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -1;
	ssize_t n = send(fd, &question, sizeof question, 0);
	if (n >= 0)
		n = recv(fd, answer, size, 0);
	int code = errno;
	close(fd);
	errno = code;
	return n;
}

/* The kernel's refusal as a status: no route is an answer, everything else is not. */
static enum status refused(const struct nlmsghdr *header, uint32_t to, struct os_error *error)
{
	char text[IPV4_TEXT_SIZE];
	const struct nlmsgerr *why = (const void *)((const char *)header + NLMSG_HDRLEN);
	int code = header->nlmsg_len >= NLMSG_LENGTH(sizeof *why) ? -why->error : EPROTO;
	bool unreachable =
		code == ENETUNREACH || code == EHOSTUNREACH || code == EACCES || code == EINVAL;
	return os_fail(error, unreachable ? STATUS_UNREACHABLE : STATUS_SYSTEM, code,
		       "route to %s: %s", ipv4_format(to, text), strerror(code));
}

static unsigned out_index(const struct nlmsghdr *header, const struct rtmsg *route)
{
	size_t left = RTM_PAYLOAD(header);
	for (const struct rtattr *at = RTM_RTA(route); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		unsigned index = 0;
		if (at->rta_type != RTA_OIF || RTA_PAYLOAD(at) < sizeof index)
			continue;
		memcpy(&index, RTA_DATA(at), sizeof index);
		return index;
	}
	return 0;
}

enum status host_route(struct host *host, uint32_t to, struct arena *arena, const char **adapter_id,
		       struct os_error *error)
{
	if (host->disk_only)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE, "routes: not on the disk");
	char text[IPV4_TEXT_SIZE];
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} answer;
	ssize_t n = ask_kernel(to, &answer, sizeof answer);
	if (n < 0)
		return os_fail(error, STATUS_SYSTEM, errno, "route to %s: %s",
			       ipv4_format(to, text), strerror(errno));
	if ((size_t)n < NLMSG_HDRLEN || !NLMSG_OK(&answer.header, (size_t)n))
		return os_fail(error, STATUS_SYSTEM, OS_NO_CODE,
			       "route to %s: the system's answer is no netlink message",
			       ipv4_format(to, text));
	if (answer.header.nlmsg_type == NLMSG_ERROR)
		return refused(&answer.header, to, error);

	const struct rtmsg *route = NLMSG_DATA(&answer.header);
	char name[IF_NAMESIZE];
	if (route->rtm_type == RTN_LOCAL)
		return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE,
			       "route to %s: an address of this machine", ipv4_format(to, text));
	if (!if_indextoname(out_index(&answer.header, route), name))
		return os_fail(error, STATUS_UNREACHABLE, OS_NO_CODE,
			       "route to %s: it leads through no adapter", ipv4_format(to, text));
	*adapter_id = arena_strdup(arena, name);
	return STATUS_OK;
}
