/* Words for a mistake in a JSON text. */
#pragma once

#define JSON_POINTER_SIZE 128

struct json_error {
	char pointer[JSON_POINTER_SIZE]; /* RFC 6901, to the member; "": the whole */
	char detail[256];                /* "expected a string", with the place */
};
