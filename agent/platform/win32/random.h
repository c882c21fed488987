/*
 * Random bytes from Windows' cryptographic generator, for the agent and for mbedTLS alike:
 * RtlGenRandom of advapi32.dll where there is one (Windows XP; exported as SystemFunction036), else
 * a provider of CryptoAPI, which loads several libraries for each question.
 */
#pragma once

#include <stddef.h>

/* The system's code, 0: done; then `*call` is what failed. Any thread. */
unsigned long random_fill(void *bytes, size_t n, const char **call);
