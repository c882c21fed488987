#include "proto/base/version.h"

#include "proto/base/text.h"

bool version_parse(const char *text, struct version *out)
{
	struct version version = { { 0 } };

	for (int i = 0; text && i < 4; i++) {
		uint32_t value = 0;
		if (*text < '0' || *text > '9')
			return false;
		for (; text_is_digit(*text); text++) {
			value = value * 10 + (uint32_t)(*text - '0');
			if (value > UINT16_MAX)
				return false;
		}
		version.part[i] = (uint16_t)value;
		if (*text == '\0') {
			*out = version;
			return true;
		}
		if (*text++ != '.')
			return false;
	}
	return false;
}

int version_compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < 4; i++) {
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	}
	return 0;
}

char *version_format(const struct version *version, char text[VERSION_TEXT_SIZE])
{
	char *at = text;

	for (int i = 0; i < 4; i++) {
		at = text_put_number(at, version->part[i]);
		*at++ = i < 3 ? '.' : '\0';
	}
	return text;
}
