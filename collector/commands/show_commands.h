/*
 * `mtawatch-collector servers`, `server`, `sites`, `matrix`, `alerts`: rows of the table in main.c
 * (show_servers.c, show_sites.c, show_alerts.c).
 */
#pragma once

extern const char servers_help[];
int servers_main(int argc, char **argv);

extern const char server_help[];
int server_main(int argc, char **argv);

extern const char sites_help[];
int sites_main(int argc, char **argv);

extern const char matrix_help[];
int matrix_main(int argc, char **argv);

extern const char alerts_help[];
int alerts_main(int argc, char **argv);
