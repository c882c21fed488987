/* How to speak to the collector, as the administrator set it. */
#pragma once

#include "agent/config/options.h"
#include "agent/https/send.h"

/* The texts are borrowed from `options`. */
struct send_options send_options_of(const struct options *options);
