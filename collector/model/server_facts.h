/*
 * Why a server is judged as it is: the facts of its report that the rule looks at, as a tree of
 * questions and what answers them, each with its value, its source and its time; and the files of
 * the article against what is required. Pure.
 */
#pragma once

#include <stdint.h>

#include "collector/model/snapshot.h"
#include "proto/base/buffer.h"
#include "proto/site/site.h"

/*
 * Adds an array of
 *   {"fact": its path, "label", "value": text, number, true, false or null where it is not known,
 *    "source": where it comes from, or why it is not known, "at": when it was so, "facts": [...]}
 * `adapters` are those of the server as they were judged.
 */
void server_facts_add(const struct snapshot *latest, const struct site_server *adapters,
		      struct buffer *out);

/*
 * Adds an array of the article's files: {"name", "state", "version", "required": at least this or
 * null where the file carries none, "meets": null where it cannot be told, "size", "modified"}.
 */
void server_facts_add_files(const struct report *report, struct buffer *out);
