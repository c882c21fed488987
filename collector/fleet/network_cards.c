#include "collector/fleet/network_cards.h"

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/text.h"

#define OCTETS 6

/* Bits of the first octet: the address was chosen by somebody, or is a group's (IEEE 802, 8.2). */
#define NOT_OF_ONE_CARD 0x03

/* Addresses that Windows gives to adapters without a card, the same on every machine. */
static const uint32_t made_up_vendors[] = {
	0x005345, /* dial-up and VPN: 00-53-45-00-00-00 */
	0x444553, /* the dial-up adapter: 44-45-53-54-00-00, "DEST" */
};

/* "00-50-04-a1-b2-c3", also with colons. 0: no address, or not one that only one card has. */
static uint64_t card_address(const char *text)
{
	uint64_t address = 0;

	for (int i = 0; i < OCTETS; i++, text += 2) {
		if (i > 0 && *text != '-' && *text != ':')
			return 0;
		text += i > 0;
		if (text_hex_digit(text[0]) < 0 || text_hex_digit(text[1]) < 0)
			return 0;
		address = address << 8 |
			  (uint64_t)(text_hex_digit(text[0]) * 16 + text_hex_digit(text[1]));
	}
	if (*text != '\0' || (address >> 40 & NOT_OF_ONE_CARD) != 0)
		return 0;
	for (size_t i = 0; i < sizeof made_up_vendors / sizeof *made_up_vendors; i++) {
		if (address >> 24 == made_up_vendors[i])
			return 0;
	}
	return address;
}

size_t network_cards_of(const struct report *report, uint64_t out[REPORT_MAX_ADAPTERS])
{
	size_t n = 0;

	for (size_t i = 0; i < report->n_adapters; i++) {
		const char *mac = report->adapters[i].mac;
		uint64_t address = mac ? card_address(mac) : 0;
		bool is_new = address != 0;
		for (size_t k = 0; k < n; k++)
			is_new &= out[k] != address;
		if (is_new)
			out[n++] = address;
	}
	return n;
}
