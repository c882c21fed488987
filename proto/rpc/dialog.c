#include "proto/rpc/dialog.h"

#include <assert.h>
#include <string.h>

/* The MTA's interface (Q159298), at the version that Exchange registers. */
static const struct pdu_syntax mta = {
	.uuid = { 0x9e8ee830, 0x4459, 0x11ce, { 0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe } },
	.major = 2,
};

static bool is_waiting_for_bytes(const struct dialog *d)
{
	return !dialog_is_over(d) && !dialog_wants_connection(d);
}

static void finish(struct dialog *d, enum probe_error error, uint32_t detail)
{
	d->state = DIALOG_DONE;
	d->error = error;
	d->detail = detail;
	d->out_size = 0;
	d->out_at = 0;
	pdu_assembly_deinit(&d->answer);
}

/* Writes what is said on entering a state that waits for an answer. */
static enum status put_request(struct dialog *d, struct wire_writer *w, uint32_t call_id)
{
	struct pdu_syntax found = mta;

	switch (d->state) {
	case DIALOG_BIND_EPM:
		return pdu_put_bind(w, call_id, &epm_interface);
	case DIALOG_MAP:
		return epm_put_map(w, call_id, &mta);
	case DIALOG_LOOKUP:
		return epm_put_lookup(w, call_id, &d->lookup);
	case DIALOG_BIND_MTA:
		found.major = d->mta_major;
		found.minor = d->mta_minor;
		return pdu_put_bind(w, call_id, &found);
	case DIALOG_CONNECT_EPM:
	case DIALOG_CONNECT_MTA:
	case DIALOG_DONE:
		break;
	}
	return STATUS_OK;
}

/* The only place that leaves a state for another than DIALOG_DONE. */
static void enter(struct dialog *d, enum dialog_state next)
{
	struct wire_writer w = wire_write_to(d->out, sizeof d->out);

	d->state = next;
	pdu_assembly_reset(&d->answer);
	enum status status = put_request(d, &w, d->call_id + 1);
	assert(status == STATUS_OK); /* DIALOG_OUT_SIZE holds each of them */
	d->call_id++;
	d->out_size = w.at;
	d->out_at = 0;
}

/* The mapper has named the port: its connection is of no more use. */
static void found_mta(struct dialog *d, const struct tower *tower)
{
	d->grade = GRADE_MAPPED;
	d->port = tower->port;
	d->mta_major = tower->interface_syntax.major;
	d->mta_minor = tower->interface_syntax.minor;
	d->heard = false;
	enter(d, DIALOG_CONNECT_MTA);
}

/*
 * The first TCP endpoint of the MTA, of any version, or NULL. Its address does not matter: servers
 * say 0.0.0.0 or any of theirs, and the question is about the address in use.
 */
static const struct tower *find_mta(const struct epm_answer *answer)
{
	for (size_t i = 0; i < answer->n; i++) {
		const struct tower *tower = &answer->entries[i].tower;
		if (answer->entries[i].has_tower && tower->is_tcp && tower->port != 0 &&
		    uuid_equal(&tower->interface_syntax.uuid, &mta.uuid))
			return tower;
	}
	return NULL;
}

/*
 * ept_map fails for an MTA that is registered at another major version, so without a port from it
 * the whole list decides.
 */
static void on_mapped(struct dialog *d)
{
	struct epm_answer answer;

	if (epm_get_map(pdu_assembly_stub(&d->answer), &answer) != STATUS_OK) {
		finish(d, PROBE_MALFORMED, 0);
		return;
	}
	const struct tower *tower = find_mta(&answer);
	if (tower)
		found_mta(d, tower);
	else
		enter(d, DIALOG_LOOKUP);
}

static void on_page(struct dialog *d)
{
	struct epm_answer answer;

	if (epm_get_lookup(pdu_assembly_stub(&d->answer), &answer) != STATUS_OK) {
		finish(d, PROBE_MALFORMED, 0);
		return;
	}
	d->lookup = answer.handle;
	d->pages++;
	const struct tower *tower = find_mta(&answer);
	if (tower)
		found_mta(d, tower);
	else if (epm_has_more(&answer) && d->pages < DIALOG_MAX_PAGES)
		enter(d, DIALOG_LOOKUP);
	else if (epm_has_more(&answer))
		finish(d, PROBE_MALFORMED, 0);
	else if (answer.status == 0 || answer.status == EPM_NOT_REGISTERED)
		finish(d, PROBE_NOT_REGISTERED, answer.status);
	else
		finish(d, PROBE_FAULT, answer.status);
}

static void on_bind_ack(struct dialog *d, const struct pdu_header *header)
{
	struct pdu_bind_ack ack;

	if (pdu_get_bind_ack(d->in.pdu, header, &ack) != STATUS_OK || ack.n_results != 1) {
		finish(d, PROBE_MALFORMED, 0);
	} else if (ack.results[0].result != PDU_RESULT_ACCEPTANCE) {
		finish(d, PROBE_REJECTED, ack.results[0].reason);
	} else if (d->state == DIALOG_BIND_EPM) {
		d->grade = GRADE_EPM;
		enter(d, DIALOG_MAP);
	} else {
		d->grade = GRADE_MTA;
		finish(d, PROBE_OK, 0);
	}
}

static void on_response(struct dialog *d, const struct pdu_header *header)
{
	bool complete = false;

	if (pdu_assembly_add(&d->answer, d->in.pdu, header, &complete) != STATUS_OK)
		finish(d, PROBE_MALFORMED, 0);
	else if (complete && d->state == DIALOG_MAP)
		on_mapped(d);
	else if (complete)
		on_page(d);
}

static void on_bind_nak(struct dialog *d, const struct pdu_header *header)
{
	struct pdu_bind_nak nak;

	if (pdu_get_bind_nak(d->in.pdu, header, &nak) != STATUS_OK)
		finish(d, PROBE_MALFORMED, 0);
	else
		finish(d, PROBE_BIND_NAK, nak.reason);
}

static void on_fault(struct dialog *d, const struct pdu_header *header)
{
	struct pdu_fault fault;

	if (pdu_get_fault(d->in.pdu, header, &fault) != STATUS_OK)
		finish(d, PROBE_MALFORMED, 0);
	else
		finish(d, PROBE_FAULT, fault.status);
}

/* Is it an answer to what was asked? */
static bool is_answer(const struct dialog *d, const struct pdu_header *header)
{
	bool bound = d->state == DIALOG_MAP || d->state == DIALOG_LOOKUP;

	if (header->call_id != d->call_id)
		return false;
	return header->type == PDU_BIND_NAK || header->type == PDU_FAULT ||
	       header->type == (bound ? PDU_RESPONSE : PDU_BIND_ACK);
}

/* A whole PDU has arrived. */
static void on_pdu(struct dialog *d, const struct pdu_header *header)
{
	if (header->type == PDU_SHUTDOWN) /* belongs to no call (C706 12.6.4.11) */
		finish(d, PROBE_CLOSED, 0);
	else if (!is_answer(d, header))
		finish(d, PROBE_MALFORMED, 0);
	else if (header->type == PDU_BIND_NAK)
		on_bind_nak(d, header);
	else if (header->type == PDU_FAULT)
		on_fault(d, header);
	else if (header->type == PDU_BIND_ACK)
		on_bind_ack(d, header);
	else
		on_response(d, header);
}

void dialog_input(struct dialog *d, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	struct pdu_header header;

	while (n > 0 && is_waiting_for_bytes(d)) {
		d->heard = true;
		enum status status = pdu_stream_take(&d->in, &at, &n, &header);
		if (status == STATUS_OK)
			on_pdu(d, &header);
		else if (status != STATUS_TRUNCATED)
			finish(d, PROBE_MALFORMED, 0);
	}
}

void dialog_start(struct dialog *d)
{
	memset(d, 0, sizeof *d);
	d->port = DIALOG_EPM_PORT;
	d->grade = GRADE_NONE;
	d->state = DIALOG_CONNECT_EPM;
}

void dialog_deinit(struct dialog *d)
{
	pdu_assembly_deinit(&d->answer);
}

bool dialog_is_over(const struct dialog *d)
{
	return d->state == DIALOG_DONE;
}

bool dialog_wants_connection(const struct dialog *d)
{
	return d->state == DIALOG_CONNECT_EPM || d->state == DIALOG_CONNECT_MTA;
}

void dialog_connected(struct dialog *d)
{
	if (d->state == DIALOG_CONNECT_EPM) {
		d->grade = GRADE_TCP;
		enter(d, DIALOG_BIND_EPM);
	} else if (d->state == DIALOG_CONNECT_MTA) {
		enter(d, DIALOG_BIND_MTA);
	}
}

const uint8_t *dialog_output(const struct dialog *d, size_t *n)
{
	*n = d->out_size - d->out_at;
	return d->out + d->out_at;
}

void dialog_sent(struct dialog *d, size_t n)
{
	size_t left = d->out_size - d->out_at;
	d->out_at += n < left ? n : left;
}

void dialog_failed(struct dialog *d, enum probe_error what)
{
	assert(what != PROBE_OK);
	if (dialog_is_over(d))
		return;
	if (what == PROBE_TIMEOUT && is_waiting_for_bytes(d) && !d->heard)
		what = PROBE_SILENT;
	finish(d, what, 0);
}

const char *dialog_state_text(enum dialog_state state)
{
	switch (state) {
	case DIALOG_CONNECT_EPM:
		return "connect to the endpoint mapper";
	case DIALOG_BIND_EPM:
		return "bind to the endpoint mapper";
	case DIALOG_MAP:
		return "ask the endpoint mapper for the MTA";
	case DIALOG_LOOKUP:
		return "list the endpoint mapper's entries";
	case DIALOG_CONNECT_MTA:
		return "connect to the MTA";
	case DIALOG_BIND_MTA:
		return "bind to the MTA";
	case DIALOG_DONE:
		break;
	}
	return "nothing";
}
