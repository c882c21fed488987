#include "proto/base/argument.h"

#include <string.h>

bool argument_next(struct argument_reader *reader, struct argument *out)
{
	if (reader->at == reader->n)
		return false;
	*out = (struct argument){ .text = reader->list[reader->at++] };
	if (strncmp(out->text, "--", 2) == 0) {
		out->name = out->text + 2;
		out->n = strcspn(out->name, "=");
		out->value = out->name[out->n] == '=' ? out->name + out->n + 1 : NULL;
	}
	return true;
}

const char *argument_value(struct argument_reader *reader, const struct argument *option)
{
	if (option->value)
		return option->value;
	return reader->at < reader->n ? reader->list[reader->at++] : NULL;
}

bool argument_is(const struct argument *argument, const char *name)
{
	return argument->name && strlen(name) == argument->n &&
	       memcmp(argument->name, name, argument->n) == 0;
}
