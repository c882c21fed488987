#include "proto/windows/owner.h"

#include <stdbool.h>
#include <string.h>

#include "proto/base/wire.h"

#define HEAD_SIZE 20 /* of a descriptor: revision, control, four offsets */
#define OWNER_AT  4
#define SID_HEAD  8 /* revision, number of parts, six bytes of an authority */
#define MAX_PARTS 15

/* The owner's SID; NULL: the descriptor has none, or it is damaged. */
static const uint8_t *find_sid(const uint8_t *descriptor, size_t n, size_t *size)
{
	struct wire_reader r = wire_read_from(descriptor, n);

	wire_skip(&r, OWNER_AT);
	uint32_t offset = wire_get_u32(&r);
	if (r.status != STATUS_OK || offset < HEAD_SIZE || offset > n || n - offset < SID_HEAD)
		return NULL;
	const uint8_t *sid = descriptor + offset;
	*size = SID_HEAD + (size_t)4 * sid[1];
	return sid[0] == 1 && sid[1] <= MAX_PARTS && *size <= n - offset ? sid : NULL;
}

static bool is_same(const uint8_t *sid, size_t n, const void *other, size_t n_other)
{
	return n == n_other && memcmp(sid, other, n) == 0;
}

static const char *sid_text(const uint8_t *sid, struct arena *arena)
{
	/* The authority has six bytes, and no more than one is used. */
	const char *text = arena_printf(arena, "S-1-%u", sid[7]);
	struct wire_reader r = wire_read_from(sid + SID_HEAD, (size_t)4 * sid[1]);

	while (wire_left(&r) > 0)
		text = arena_printf(arena, "%s-%lu", text, (unsigned long)wire_get_u32(&r));
	return text;
}

const char *owner_fault(const void *descriptor, size_t n, const void *self, size_t n_self,
			struct arena *arena)
{
	static const uint8_t system[] = { 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };
	static const uint8_t administrators[] = {
		1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0
	};
	size_t size = 0;
	const uint8_t *sid = find_sid(descriptor, n, &size);

	if (!sid)
		return "has no owner";
	if (is_same(sid, size, system, sizeof system) ||
	    is_same(sid, size, administrators, sizeof administrators) ||
	    is_same(sid, size, self, n_self))
		return NULL;
	return arena_printf(arena, "belongs to %s, not to Administrators or SYSTEM",
			    sid_text(sid, arena));
}
