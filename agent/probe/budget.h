/*
 * How many connections probing may begin, whatever peers, addresses, adapters and intervals make of
 * it: Windows NT 4.0 has 3,976 ephemeral ports and keeps each for 240 seconds behind its connection
 * (Q149532, Q170791), and Exchange needs them, too. In no BUDGET_WINDOW_MS are there more than
 * BUDGET_CONNECTIONS. Connections are reset at their end besides, so that most keep no port.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BUDGET_CONNECTIONS 512
#define BUDGET_WINDOW_MS   240000

/* All zero is a budget of which nothing is spent. */
struct connection_budget {
	uint64_t begun_ms[BUDGET_CONNECTIONS]; /* a ring of the latest */
	size_t next;
	size_t n;
};

/*
 * The moment from which on `n` more connections may begin; 0: at any. More than there are counts as
 * all.
 */
uint64_t budget_ready_ms(const struct connection_budget *budget, size_t n);

/* Notes `n` connections that begin now. */
void budget_spend(struct connection_budget *budget, size_t n, uint64_t now_ms);
