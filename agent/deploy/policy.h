/*
 * Writes the policy templates, so that an administrator sets the agent's settings where all others
 * are set: ADM for poledit (NT 4.0) and the Group Policy editor of Windows 2000 to 2003, ADMX with
 * ADML for that of Windows Vista and later. All come from the agent's own table of settings
 * (agent/config/settings.h) with the words of policy_texts.c; a policy is a setting, and its name
 * is that of the registry value.
 */
#pragma once

#include <stdio.h>

#include "agent/config/settings.h"

/*
 * Texts that the editor shows for a setting. ASCII, one line each, without quotes (an ADM cannot
 * hold them) and within the limits of the editors.
 */
struct policy_text {
	const char *name;  /* of the setting */
	const char *title; /* of the policy */
	const char *label; /* of the field */
	const char *help;
	int64_t suggested; /* a number that the field shows first; 0: the setting's own default */
};

#define POLICY_CATEGORY  "mtawatch agent (Exchange 5.5)"
#define POLICY_SUPPORTED "Windows NT 4.0 SP6a or Windows 2000"
#define POLICY_MAX_TITLE 127   /* characters */
#define POLICY_MAX_HELP  1023  /* of an explanation; the editors take 4095 */
#define POLICY_MAX_SPIN  32767 /* an up-down control of Windows 2000 counts in 16 bits */

/* A policy: the setting and its words. */
struct policy {
	const struct setting *setting;
	const struct policy_text *text;
};

/*
 * The policies in the order of the settings; at most `room`. Ends the program where a setting that
 * can stand in the registry has no words, or words that do not keep to the limits.
 */
size_t policy_list(struct policy *out, size_t room);

/* The number that a numeric field shows first. */
long policy_default(const struct policy *policy);

/* Characters of a text field. */
size_t policy_max_text(const struct policy *policy);

/* The values that log-level takes, NULL behind the last; the default is the last of them. */
extern const char *const policy_levels[];

void policy_write_adm(FILE *out, const struct policy *policies, size_t n);
void policy_write_admx(FILE *out, const struct policy *policies, size_t n);
void policy_write_adml(FILE *out, const struct policy *policies, size_t n);
