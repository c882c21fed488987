#include "agent/config/send_options.h"

#include <assert.h>

static_assert(SETTING_MAX_PINS == SEND_MAX_PINS, "as many pins can be set as are looked at");

struct send_options send_options_of(const struct options *options)
{
	struct send_options send = { .ca_file = options->ca_file,
				     .n_pins = options->pins.n,
				     .client_cert = options->client_cert,
				     .client_key = options->client_key,
				     .proxy = options->proxy,
				     .proxy_user = options->proxy_user,
				     .proxy_password_file = options->proxy_password_file,
				     .allow_plain = options->allow_plain };

	for (size_t i = 0; i < send.n_pins; i++)
		send.pins[i] = options->pins.list[i];
	return send;
}
