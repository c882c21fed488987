/*
 * Any bytes as a row of PDUs: each is read by its own reader, and responses are put together and
 * read as answers of an endpoint mapper.
 */
#include <stdlib.h>

#include "proto/rpc/epm.h"
#include "proto/rpc/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_response(struct pdu_assembly *assembly, const uint8_t *pdu,
			  const struct pdu_header *header)
{
	static struct epm_answer answer;
	bool complete = false;

	if (pdu_assembly_add(assembly, pdu, header, &complete) != STATUS_OK) {
		pdu_assembly_reset(assembly);
		return;
	}
	if (!complete)
		return;
	struct wire_reader stub = pdu_assembly_stub(assembly);
	if (epm_get_map(stub, &answer) == STATUS_OK && answer.n > EPM_MAX_ENTRIES)
		abort();
	if (epm_get_lookup(stub, &answer) == STATUS_OK && answer.n > EPM_MAX_ENTRIES)
		abort();
	pdu_assembly_reset(assembly);
}

static void read_pdu(struct pdu_assembly *assembly, const uint8_t *pdu,
		     const struct pdu_header *header)
{
	struct pdu_bind_ack ack;
	struct pdu_bind_nak nak;
	struct pdu_fault fault;
	struct pdu_request request;

	switch (header->type) {
	case PDU_BIND_ACK:
	case PDU_ALTER_CONTEXT_RESP:
		if (pdu_get_bind_ack(pdu, header, &ack) == STATUS_OK &&
		    ack.n_results > PDU_MAX_RESULTS)
			abort();
		break;
	case PDU_BIND_NAK:
		if (pdu_get_bind_nak(pdu, header, &nak) == STATUS_OK &&
		    nak.n_versions > PDU_MAX_VERSIONS)
			abort();
		break;
	case PDU_FAULT:
		(void)pdu_get_fault(pdu, header, &fault);
		break;
	case PDU_REQUEST:
		(void)pdu_get_request(pdu, header, &request);
		break;
	case PDU_RESPONSE:
		read_response(assembly, pdu, header);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdu_assembly assembly = { 0 };
	struct pdu_header header;

	while (pdu_get_header(data, size, &header) == STATUS_OK) {
		if (header.fragment_length > size)
			break;
		read_pdu(&assembly, data, &header);
		data += header.fragment_length;
		size -= header.fragment_length;
	}
	pdu_assembly_deinit(&assembly);
	return 0;
}
