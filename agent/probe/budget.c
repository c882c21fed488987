#include "agent/probe/budget.h"

uint64_t budget_ready_ms(const struct connection_budget *budget, size_t n)
{
	size_t unspent = BUDGET_CONNECTIONS - budget->n;
	size_t wanted = n < BUDGET_CONNECTIONS ? n : BUDGET_CONNECTIONS;

	if (wanted <= unspent)
		return 0;
	size_t oldest = budget->n < BUDGET_CONNECTIONS ? 0 : budget->next;
	size_t last = (oldest + wanted - unspent - 1) % BUDGET_CONNECTIONS;
	return budget->begun_ms[last] + BUDGET_WINDOW_MS;
}

void budget_spend(struct connection_budget *budget, size_t n, uint64_t now_ms)
{
	for (; n > 0; n--) {
		budget->begun_ms[budget->next] = now_ms;
		budget->next = (budget->next + 1) % BUDGET_CONNECTIONS;
		budget->n += budget->n < BUDGET_CONNECTIONS;
	}
}
