/*
 * Text as a part of an HTML document, of an element or of an attribute in quotation marks.
 */
#pragma once

#include "proto/base/buffer.h"

void html_add_escaped(struct buffer *out, const char *text);
