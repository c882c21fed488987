/*
 * Any bytes as the services.txt of a copied disk: a list that is understood answers for every
 * service; one that is not is never an answer.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/host/image/services.h"
#include "tests/fuzz/input_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const services[][2] = {
	{ "MSExchangeMTA", "Microsoft Exchange Message Transfer Agent" },
	{ "MSExchangeIS", NULL },
	{ "ClusSvc", "Cluster Server" },
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct os_error error = { 0 };

	(void)input_file_put("services.txt", data, size);
	enum status whole = image_services_check(input_file_folder(), &error);
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		struct host_service found = { 0 };
		enum status status = image_services_find(input_file_folder(), services[i][0],
							 services[i][1], &found, &error);

		if (whole == STATUS_OK)
			require(status == STATUS_OK || status == STATUS_NOT_FOUND);
		else
			require(status != STATUS_NOT_FOUND);
	}
	return 0;
}
