/*
 * What a collector is called among those that share a database, and what it tells them of itself.
 */
#pragma once

#include "collector/daemon/options.h"
#include "collector/model/record_collector.h"
#include "collector/net/address.h"

#define NODE_ERROR_SIZE 512

/*
 * As it is set; else the machine's name with some digits, which the data directory keeps in its
 * file "node". They are made anew where the machine has another name: then the directory is a copy
 * of another one's.
 */
enum status node_find(const struct options *options, char node[LEASE_NODE_SIZE],
		      char error[NODE_ERROR_SIZE]);

/*
 * Where people and agents reach it, as far as that is known: external-url, or the address that it
 * listens on, where that is one of this machine alone. NULL: it is not known. In `arena`.
 */
const char *node_url(const struct options *options, const struct net_address *listens,
		     struct arena *arena);

/*
 * Hashes of the settings that should be alike on all, so that whoever looks sees which are not:
 * lines of a name, a blank and a hash. In `arena`.
 */
const char *node_settings(const struct options *options, struct arena *arena);
