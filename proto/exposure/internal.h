/*
 * The three parts of an assessment, made by a file each and joined in proto/exposure/exposure.c.
 * What they share: the server in its site, its facts, the verdict, and the arena.
 */
#pragma once

#include "proto/exposure/exposure.h"
#include "proto/exposure/facts.h"

/* The meaning of an address 169.254.x.x or 0.0.0.0. */
#define NO_DHCP_ANSWER "it got no address from DHCP"

struct exposure_context {
	const struct site_server *server;
	const struct report *report;
	struct exposure_facts facts;
	struct exposure_missing missing;
	enum verdict verdict;
	struct arena *arena;
};

/* A growing list of reasons; its array lives in the context's arena. */
struct reason_list {
	struct reason *items;
	size_t n;
	size_t room;
};

/* Appends a reason and returns it, valid until the next one is appended. */
struct reason *reason_add(struct exposure_context *x, struct reason_list *list, const char *code,
			  const char *format, ...) __attribute__((format(PRINTF_FORMAT, 4, 5)));
void reason_text(struct reason *reason, const char *key, const char *text);
void reason_number(struct reason *reason, const char *key, int64_t number);
void reason_list_of(struct reason *reason, const char *key, const char **list, size_t n);

/*
 * reasons.c: what decided. missing.c: what is not known. notes.c: what helps and decides nothing.
 */
void exposure_add_reasons(struct exposure_context *x, struct reason_list *list);
void exposure_add_missing(struct exposure_context *x, struct reason_list *list);
void exposure_add_notes(struct exposure_context *x, struct reason_list *list);

/* remedy.c */
void exposure_make_remedy(struct exposure_context *x, struct remedy *out);

/* Did the system know no route from this adapter to a peer that it falls short on? */
bool exposure_lacks_route(const struct site_adapter *adapter);

/*
 * The address of an adapter that shows that DHCP did not answer: 169.254.7.9, or 0.0.0.0 where it
 * holds no other; NULL where there is none.
 */
const char *exposure_without_dhcp(struct exposure_context *x, const struct report_adapter *adapter);

/* "El90x2 (10.9.0.5)", "El90x2 (169.254.7.9: it got no address from DHCP)" for sentences. */
const char *exposure_short_label(struct exposure_context *x, const struct report_adapter *adapter);

/* "El90x2 (3Com EtherLink XL, 10.9.0.5/24)" for sentences. */
const char *exposure_adapter_label(struct exposure_context *x,
				   const struct report_adapter *adapter);

/* How many adapters of the server stand so. */
size_t exposure_count_adapters(const struct site_server *server, enum adapter_state state);

/* Is this the only value that the fact may have? */
bool exposure_fact_is(unsigned set, unsigned value);
