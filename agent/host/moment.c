#include "agent/host/moment.h"

struct moment moment_now(struct host *host)
{
	return (struct moment){ .wall_ms = host_wall_ms(host),
				.mono_ms = (int64_t)host_now_ms(host) };
}

bool moment_elapsed(const struct moment *then, const struct moment *now, int64_t *elapsed_ms)
{
	int64_t wall_ms = now->wall_ms - then->wall_ms;
	int64_t mono_ms = now->mono_ms - then->mono_ms;
	int64_t apart_ms = wall_ms > mono_ms ? wall_ms - mono_ms : mono_ms - wall_ms;

	if (mono_ms >= 0 && apart_ms <= MOMENT_TOLERANCE_MS) {
		*elapsed_ms = mono_ms;
		return true;
	}
	*elapsed_ms = wall_ms > 0 ? wall_ms : 0;
	return false;
}
