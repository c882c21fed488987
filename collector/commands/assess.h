/*
 * `mtawatch-collector assess [--at TIME] REPORT.json...`: judges report files without a collector,
 * exactly as a running one would at that time, and prints one JSON array on standard output,
 * ordered by server name: the objects of verdict_json_write(); on a terminal a table, unless --json is
 * there. A file holds one report or a report a line.
 *
 * The time of a report is received_at minus age_s where a collector exported it, else collected_at.
 * Of several reports of one machine the latest not after TIME counts; later ones are ignored with a
 * notice on standard error. "-" reads standard input. Without --at the time is now.
 */
#pragma once

#define ASSESS_EXIT_OK       0 /* no verdict is exposed or failing */
#define ASSESS_EXIT_ALARMING 1 /* one is */
#define ASSESS_EXIT_ERROR    2 /* a file was no valid report, or the command line is wrong */

extern const char assess_help[];

/* `argv` begins behind the word "assess". Returns the exit status of the program. */
int assess_main(int argc, char **argv);
