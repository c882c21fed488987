/*
 * Asks a real endpoint mapper with our own readers and writers and prints what we understood, for
 * a test to compare with what other clients say.
 *
 *     epm_client ADDRESS map UUID MAJOR.MINOR    where does this interface listen
 *     epm_client ADDRESS lookup PAGE             everything, PAGE entries at a time (1 to 100)
 *
 * One line an endpoint: interface, version, binding, annotation, between tabs. A binding is
 * "ncacn_ip_tcp:10.77.1.11[5001]", or "other" for a protocol that mtawatch does not speak. After
 * each answer comes a line "# N entries, status 0x16c9a0d6".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "proto/base/ipv4.h"
#include "proto/rpc/dialog.h"
#include "proto/rpc/epm.h"
#include "proto/rpc/pdu_stream.h"

#define LIMIT_S   10
#define MAX_PAGES 1000

/* One connection, bound to the endpoint mapper. */
struct client {
	int fd;
	uint32_t call_id;
	struct pdu_stream stream;
	struct pdu_header header; /* of the PDU in `stream` */
	struct pdu_assembly assembly;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "epm_client: %s: %s\n", what, why);
	exit(1);
}

static int connect_to(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(DIALOG_EPM_PORT) };
	struct timeval limit = { .tv_sec = LIMIT_S };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die(address, "no IPv4 address");
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
		die("cannot make a socket", strerror(errno));
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("cannot connect", strerror(errno));
	return fd;
}

/* Sends the one PDU that was written. */
static void send_pdu(const struct client *c, const struct wire_writer *w)
{
	if (w->status != STATUS_OK)
		die("cannot write a PDU", status_text(w->status));
	if (send(c->fd, w->base, w->at, MSG_NOSIGNAL) != (ssize_t)w->at)
		die("cannot send", strerror(errno));
}

/* Receives one PDU of that type, the answer to what was sent last. The mapper says nothing else. */
static void receive_pdu(struct client *c, enum pdu_type type)
{
	static uint8_t buffer[4096];
	static const uint8_t *next = buffer;
	static size_t left;
	enum status status;

	while ((status = pdu_stream_take(&c->stream, &next, &left, &c->header)) ==
	       STATUS_TRUNCATED) {
		ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
		if (n <= 0)
			die("cannot receive", n < 0 ? strerror(errno) : "closed");
		next = buffer;
		left = (size_t)n;
	}
	if (status != STATUS_OK)
		die("cannot read a PDU", status_text(status));
	if (c->header.type != type || c->header.call_id != c->call_id)
		die("cannot go on", "another PDU than the answer");
}

static void bind_to_mapper(struct client *c)
{
	uint8_t out[DIALOG_OUT_SIZE];
	struct wire_writer w = wire_write_to(out, sizeof out);
	struct pdu_bind_ack ack;

	pdu_put_bind(&w, ++c->call_id, &epm_interface);
	send_pdu(c, &w);
	receive_pdu(c, PDU_BIND_ACK);
	enum status status = pdu_get_bind_ack(c->stream.pdu, &c->header, &ack);
	if (status != STATUS_OK)
		die("cannot read the bind_ack", status_text(status));
	if (ack.n_results != 1 || ack.results[0].result != PDU_RESULT_ACCEPTANCE)
		die("cannot bind", "rejected");
}

static struct wire_reader receive_answer(struct client *c)
{
	bool complete = false;

	pdu_assembly_reset(&c->assembly);
	while (!complete) {
		receive_pdu(c, PDU_RESPONSE);
		enum status status =
			pdu_assembly_add(&c->assembly, c->stream.pdu, &c->header, &complete);
		if (status != STATUS_OK)
			die("cannot put the answer together", status_text(status));
	}
	return pdu_assembly_stub(&c->assembly);
}

static void print_entry(const struct epm_entry *entry)
{
	const struct tower *tower = &entry->tower;
	char uuid[UUID_TEXT_SIZE];
	char address[IPV4_TEXT_SIZE];

	printf("%s\t%u.%u\t", uuid_format(&tower->interface_syntax.uuid, uuid),
	       tower->interface_syntax.major, tower->interface_syntax.minor);
	if (tower->is_tcp)
		printf("ncacn_ip_tcp:%s[%u]", ipv4_format(tower->address, address), tower->port);
	else
		printf("other");
	printf("\t%.*s\n", (int)entry->annotation_length,
	       entry->annotation ? entry->annotation : "");
}

static void print_answer(enum status status, const struct epm_answer *answer)
{
	if (status != STATUS_OK)
		die("cannot read the answer", status_text(status));
	for (size_t i = 0; i < answer->n; i++)
		print_entry(&answer->entries[i]);
	printf("# %zu entries, status 0x%08lx\n", answer->n, (unsigned long)answer->status);
}

static void map(struct client *c, const char *uuid, const char *version)
{
	static struct epm_answer answer;
	uint8_t out[DIALOG_OUT_SIZE];
	struct wire_writer w = wire_write_to(out, sizeof out);
	struct pdu_syntax syntax;
	char *end;

	if (uuid_parse(uuid, &syntax.uuid) != STATUS_OK)
		die(uuid, "no UUID");
	syntax.major = (uint16_t)strtoul(version, &end, 10);
	if (*end != '.')
		die(version, "no version");
	syntax.minor = (uint16_t)strtoul(end + 1, NULL, 10);
	epm_put_map(&w, ++c->call_id, &syntax);
	send_pdu(c, &w);
	print_answer(epm_get_map(receive_answer(c), &answer), &answer);
}

/* The request ends with how many entries are wanted. */
static void lookup(struct client *c, uint32_t page_size)
{
	static struct epm_answer answer;

	for (unsigned page = 0; page == 0 || epm_has_more(&answer); page++) {
		uint8_t out[DIALOG_OUT_SIZE];
		struct wire_writer w = wire_write_to(out, sizeof out);
		if (page == MAX_PAGES)
			die("cannot see the end", "too many pages");
		epm_put_lookup(&w, ++c->call_id, &answer.handle);
		wire_patch_u32(&w, w.at - 4, page_size);
		send_pdu(c, &w);
		print_answer(epm_get_lookup(receive_answer(c), &answer), &answer);
	}
}

int main(int argc, char **argv)
{
	static struct client c;
	unsigned long page = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	bool maps = argc == 5 && strcmp(argv[2], "map") == 0;
	bool looks_up =
		argc == 4 && strcmp(argv[2], "lookup") == 0 && page >= 1 && page <= EPM_MAX_ENTRIES;

	if (!maps && !looks_up)
		die("usage", "ADDRESS map UUID MAJOR.MINOR | ADDRESS lookup PAGE");
	c.fd = connect_to(argv[1]);
	bind_to_mapper(&c);
	if (maps)
		map(&c, argv[3], argv[4]);
	else
		lookup(&c, (uint32_t)page);
	pdu_assembly_deinit(&c.assembly);
	close(c.fd);
	return 0;
}
