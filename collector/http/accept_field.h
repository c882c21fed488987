/* The field Accept of a request (RFC 9110, section 12.5.1). */
#pragma once

#define ACCEPT_FIELD_MOST 1000

/*
 * How much `type` ("text/csv") is wanted, in thousandths; 0: not at all. The most specific range
 * that has it in counts, without its parameters but for the weight. NULL wants everything.
 */
unsigned accept_field_weight(const char *accept, const char *type);
