/*
 * The commands of mtawatch-collector: each its help and its function, for the table in main.c
 * (collector/cli/command.h). `argv` begins behind the command's name; each returns the exit status
 * of the program.
 */
#pragma once

/* init.c: a data directory, with certificates and the first secrets. */
extern const char init_help[];
int init_main(int argc, char **argv);

/* serve.c: prints its own --help, which holds every setting. */
int serve_main(int argc, char **argv);

/* login.c: where the commands below find the collector. */
extern const char login_help[];
int login_main(int argc, char **argv);

/* show_servers.c, show_sites.c, show_alerts.c: what a running collector knows. */
extern const char restart_check_help[];
int restart_check_main(int argc, char **argv);

extern const char plan_help[];
int plan_main(int argc, char **argv);

extern const char what_if_help[];
int what_if_main(int argc, char **argv);
extern const char servers_help[];
int servers_main(int argc, char **argv);

extern const char server_help[];
int server_main(int argc, char **argv);

extern const char sites_help[];
int sites_main(int argc, char **argv);

extern const char matrix_help[];
int matrix_main(int argc, char **argv);

/* site_paper.c: a site on paper, for people who have no login. */
extern const char report_help[];
int report_main(int argc, char **argv);

extern const char alerts_help[];
int alerts_main(int argc, char **argv);

/* acknowledge.c, silence.c: what people do about alerts. */
extern const char acknowledge_help[];
int acknowledge_main(int argc, char **argv);

extern const char silence_help[];
int silence_main(int argc, char **argv);

/* secrets.c: the tokens of people and programs, the secrets with which agents enrol. */
extern const char token_help[];
int token_main(int argc, char **argv);

extern const char secret_help[];
int secret_main(int argc, char **argv);

extern const char remark_help[];
int remark_main(int argc, char **argv);

extern const char agents_help[];
int agents_main(int argc, char **argv);

extern const char collectors_help[];
int collectors_main(int argc, char **argv);

extern const char hook_help[];
int hook_main(int argc, char **argv);

/* inventory.c: the servers that there should be. */
extern const char inventory_help[];
int inventory_main(int argc, char **argv);

extern const char decommission_help[];
int decommission_main(int argc, char **argv);

/* import.c, export.c: reports that were carried by hand; those of the store, as they came. */
extern const char import_help[];
int import_main(int argc, char **argv);

extern const char export_help[];
int export_main(int argc, char **argv);

/* backup.c: copies of the store, the way back, and whether it is whole. */
extern const char backup_help[];
int backup_main(int argc, char **argv);

extern const char restore_help[];
int restore_main(int argc, char **argv);

extern const char check_help[];
int check_main(int argc, char **argv);

/*
 * assess.c: judges report files without a collector, exactly as a running one would at that time.
 * The exit status is 1 if a verdict is exposed or failing, 2 if a file was no valid report.
 */
extern const char assess_help[];
int assess_main(int argc, char **argv);
