#include "proto/rpc/tower.h"

/* Protocol ids (C706 appendix I). */
#define FLOOR_TCP   0x07
#define FLOOR_IP    0x09
#define FLOOR_NCACN 0x0b
#define FLOOR_UUID  0x0d

/* Floors of a TCP tower above interface and transfer syntax. */
#define N_FLOORS 5

/* A UUID floor: UUID and major version left, minor version right. */
static struct pdu_syntax get_syntax(struct wire_reader *left, struct wire_reader *right)
{
	struct pdu_syntax syntax = { .uuid = wire_get_uuid(left) };
	syntax.major = wire_get_u16(left);
	syntax.minor = wire_get_u16(right);
	return syntax;
}

/* Both sides of one floor. What they hold too much or too little makes `tower` malformed. */
static void get_floor(struct wire_reader *tower, unsigned floor, struct tower *out,
		      uint8_t ids[N_FLOORS])
{
	struct wire_reader left = wire_get_part(tower, wire_get_u16(tower));
	struct wire_reader right = wire_get_part(tower, wire_get_u16(tower));
	uint8_t id = wire_get_u8(&left);

	if (floor < N_FLOORS)
		ids[floor] = id;
	if (floor == 0 && id == FLOOR_UUID) {
		out->interface_syntax = get_syntax(&left, &right);
	} else if (floor == 3 && id == FLOOR_TCP) {
		right.big_endian = true;
		out->port = wire_get_u16(&right);
	} else if (floor == 4 && id == FLOOR_IP) {
		right.big_endian = true;
		out->address = wire_get_u32(&right);
	} else {
		return; /* of no interest */
	}
	if (left.status != STATUS_OK || right.status != STATUS_OK || wire_left(&left) > 0 ||
	    wire_left(&right) > 0)
		wire_get_fail(tower, STATUS_MALFORMED);
}

enum status tower_decode(const void *bytes, size_t size, struct tower *out)
{
	struct wire_reader r = wire_read_from(bytes, size);
	struct tower tower = { 0 };
	uint8_t ids[N_FLOORS] = { 0 };

	uint16_t floors = wire_get_u16(&r);
	for (unsigned i = 0; i < floors && r.status == STATUS_OK; i++)
		get_floor(&r, i, &tower, ids);
	if (floors == 0 || wire_left(&r) > 0)
		wire_get_fail(&r, STATUS_MALFORMED);
	if (r.status != STATUS_OK)
		return r.status;

	tower.is_tcp = floors == N_FLOORS && ids[0] == FLOOR_UUID && ids[1] == FLOOR_UUID &&
		       ids[2] == FLOOR_NCACN && ids[3] == FLOOR_TCP && ids[4] == FLOOR_IP;
	if (!tower.is_tcp) {
		tower.port = 0;
		tower.address = 0;
	}
	*out = tower;
	return STATUS_OK;
}

static void put_syntax(struct wire_writer *w, const struct pdu_syntax *syntax)
{
	wire_put_u16(w, 1 + 16 + 2); /* left: id, UUID, major version */
	wire_put_u8(w, FLOOR_UUID);
	wire_put_uuid(w, &syntax->uuid);
	wire_put_u16(w, syntax->major);
	wire_put_u16(w, 2); /* right: minor version */
	wire_put_u16(w, syntax->minor);
}

/* A left side that is only its protocol id, and how long the right one is. */
static void put_protocol(struct wire_writer *w, uint8_t id, uint16_t right)
{
	wire_put_u16(w, 1);
	wire_put_u8(w, id);
	wire_put_u16(w, right);
}

void tower_put(struct wire_writer *w, const struct pdu_syntax *interface_syntax, uint16_t port,
	       uint32_t address)
{
	bool big_endian = w->big_endian;

	w->big_endian = false;
	wire_put_u16(w, N_FLOORS);
	put_syntax(w, interface_syntax);
	put_syntax(w, &pdu_ndr);
	put_protocol(w, FLOOR_NCACN, 2);
	wire_put_u16(w, 0); /* its minor version */
	put_protocol(w, FLOOR_TCP, 2);
	w->big_endian = true;
	wire_put_u16(w, port);
	w->big_endian = false;
	put_protocol(w, FLOOR_IP, 4);
	w->big_endian = true;
	wire_put_u32(w, address);
	w->big_endian = big_endian;
}
