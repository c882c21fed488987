#include "collector/transfer/mail_address.h"

#include <string.h>

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool mail_address_is_valid(const char *text)
{
	size_t local = strspn(text, LETTERS_AND_DIGITS ".!#$%&'*+-/=?^_`{|}~");
	size_t domain = text[local] == '@' ? strspn(text + local + 1, LETTERS_AND_DIGITS ".-") : 0;

	return local > 0 && local <= 64 && domain > 0 && text[local + 1 + domain] == '\0' &&
	       local + 1 + domain <= MAIL_ADDRESS_MAX;
}

const char *mail_address_domain(const char *address)
{
	return strchr(address, '@') + 1;
}
