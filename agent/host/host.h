/*
 * What the agent asks of the machine it runs on. Every call reads; the one thing that the agent
 * tells the machine is an event of its own (host_write_event).
 *
 * posix/ and win32/ answer on their platforms, tests/fake_host.c in the tests; exactly one of them
 * is linked. Text is UTF-8, paths and registry keys are Windows' own on every platform. Nothing is
 * cached: each call asks the system again.
 *
 * On Linux, and on Windows where one is named, a directory stands for the server's disk
 * (agent/host/image/root.h): registry, services, event log and files come from it. With `disk_only`
 * the machine that reads the disk is another one than the server: then adapters, routes, names and
 * boot time are not told at all (STATUS_UNSUPPORTED), so that nothing of the judging machine passes
 * for the server's.
 *
 * A call that fails returns why as a status and, where it takes a `struct os_error`, fills that
 * with the system's code and a sentence for the report's `problems`; the results are then left as
 * they were. Results live in the arena of the call. One thread uses a host; the exceptions are
 * marked "any thread".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/platform/error.h"
#include "proto/base/arena.h"
#include "proto/base/ipv4.h"
#include "proto/base/status.h"
#include "proto/report/report.h"

#define HOST_MAX_ADAPTERS  REPORT_MAX_ADAPTERS
#define HOST_MAX_ADDRESSES 64  /* of one adapter, and of one looked-up name */
#define HOST_MAX_GATEWAYS  16  /* of one adapter */
#define HOST_MAX_NAME      256 /* bytes of a host name with its NUL (RFC 1035: 255) */
#define HOST_MAX_EVENTS    512 /* given back by one reading of the log, newest */
#define HOST_MAX_FILE      ((size_t)64 * 1024 * 1024) /* bytes of one file that is read whole */
#define HOST_MAX_VALUE     ((size_t)64 * 1024)        /* bytes of one registry value */

/* Winsock's errors of a name lookup (winsock2.h), used on every platform. */
#define HOST_LOOKUP_OK        0
#define HOST_LOOKUP_NOT_FOUND 11001 /* WSAHOST_NOT_FOUND */
#define HOST_LOOKUP_TRY_AGAIN 11002 /* WSATRY_AGAIN */
#define HOST_LOOKUP_FAILED    11003 /* WSANO_RECOVERY */
#define HOST_LOOKUP_NO_DATA   11004 /* WSANO_DATA: the name is valid, the record is not there */

struct host;

struct host_options {
	const char *image_root; /* directory that stands for the server's disk, or NULL */
	bool disk_only;         /* that disk is another machine's */
	bool writes_events;     /* the system's log takes host_write_event()'s */
};

struct host_identity {
	const char *name;                    /* what the machine calls itself, without domain */
	const char *os;                      /* for people: "Windows NT 4.0 Service Pack 6" */
	int64_t booted_at_ms;                /* TIMESTAMP_NONE: not told */
	const struct os_error *no_boot_time; /* why it is not; NULL: nobody can tell */
};

struct host_adapter {
	const char *id; /* stable: the system's name of it */
	const char *description;
	const char *mac; /* "00-50-04-a1-b2-c3"; NULL where it has none */
	bool enabled;
	enum link_state link;
	struct ipv4_prefix *addresses;
	size_t n_addresses;
	uint32_t *gateways;
	size_t n_gateways;
};

/* Other facts of the adapters that the system would not tell, and why; NULL: none. */
struct host_gaps {
	const struct os_error *states; /* `enabled` and `link`: true and LINK_UNKNOWN then */
	const struct os_error *gateways;
};

enum host_value_kind { HOST_VALUE_STRING, HOST_VALUE_NUMBER, HOST_VALUE_LIST };

/* A registry value: REG_SZ and REG_EXPAND_SZ (not expanded), REG_DWORD, REG_MULTI_SZ. */
struct host_value {
	enum host_value_kind kind;
	const char *text;
	uint32_t number;
	const char **list;
	size_t n_list;
};

struct host_service {
	enum service_state state; /* never SERVICE_STATE_UNKNOWN */
	int64_t exit_code;        /* of its last run; REPORT_ABSENT where it is not told */
};

/* The events of the Application log that are asked for. */
struct host_question {
	const char *source; /* that wrote them, without case */
	const uint16_t *ids;
	size_t n_ids;
	/*
	 * The names of the machine whose events count, short or with a domain; none: everybody's.
	 * Windows 2000 clusters copy the log of each node to all others (KB 224969).
	 */
	const char *const *computers;
	size_t n_computers;
};

/* A record of the Application log. */
struct host_event {
	uint16_t id;      /* masked with 0xFFFF */
	uint32_t number;  /* of its record */
	uint32_t full_id; /* with severity and facility, as a message file knows it */
	int64_t at_ms;    /* when it was generated, by the server's clock */
	const char **strings;
	size_t n_strings;
	const char *text; /* with the strings in it; NULL where the system has no words for it */
};

/* The log that was read, and how far it reaches. */
struct host_log {
	const char *path;  /* of several files: of all */
	size_t records;    /* sound ones, whoever wrote them */
	size_t lost;       /* damaged ones */
	size_t foreign;    /* the source's that were left out: of other machines */
	int64_t oldest_ms; /* when the first one was generated; TIMESTAMP_NONE: there is none */
	int64_t newest_ms;
};

/* The events, in record order (oldest first), and the log that they are from. */
struct host_answer {
	struct host_event *events;
	size_t n;
	size_t n_before_loss; /* behind so many of them the newest damaged record lay */
	struct host_log log;
	size_t own;                 /* records of the machine asked for, of whatever source */
	size_t of_source;           /* of them, those of the source */
	const char *other;          /* another machine that wrote records; NULL: there is none */
	const struct os_error *gap; /* why its newest records may be missing; NULL: they are not */
};

/* News since the last look. */
struct host_news {
	bool events;   /* one that was asked for was written, or the log was cleared and has one */
	bool registry; /* an export of the directory that stands for the disk is another */
};

struct host_file {
	uint8_t *bytes; /* NULL where only the facts were asked */
	size_t size;
	int64_t modified_ms;
};

/* Why host_wait() came back. */
enum host_wake {
	HOST_WAKE_TIME,   /* the time passed */
	HOST_WAKE_CHANGE, /* the system told of a change of adapters or addresses */
	HOST_WAKE_LOG,    /* it told that something was written into the Application log */
	HOST_WAKE_NUDGE,  /* host_wake_up() was called */
	HOST_WAKE_STOP,   /* host_stop() was called, and will be reported from now on */
};

/*
 * Opens the machine; on Windows this also starts Winsock. `*out` belongs to the caller.
 *
 * STATUS_NOT_FOUND   `image_root` is no directory
 * STATUS_MALFORMED   a registry export or the list of services below it cannot be understood
 * STATUS_INVALID     `disk_only` without `image_root`
 * STATUS_SYSTEM      the system would not
 */
enum status host_open(struct host **out, const struct host_options *options,
		      struct os_error *error);
void host_close(struct host *host);

/* "linux-x86_64", "windows-x86": what the agent was built for. Never NULL. */
const char *host_platform(void);

/* Is a network of the server's own within reach? False with `disk_only`. */
bool host_has_network(const struct host *host);

/* Does a directory stand for the disk, rather than the Windows that runs here? */
bool host_is_image(const struct host *host);

/*
 * STATUS_SYSTEM       the machine would not say
 * STATUS_NOT_FOUND    disk_only, and the registry on the disk names no computer
 */
enum status host_identify(struct host *host, struct arena *arena, struct host_identity *out,
			  struct os_error *error);

/*
 * Lists the adapters that speak IPv4, in the system's order; loopback is left out, so is an
 * address that is loopback or 0.0.0.0. `gaps` tells what is missing in a list that came about.
 *
 * STATUS_SYSTEM       the system would not say
 * STATUS_LIMIT        more than HOST_MAX_ADAPTERS of them
 * STATUS_UNSUPPORTED  disk_only
 */
enum status host_list_adapters(struct host *host, struct arena *arena, struct host_adapter **out,
			       size_t *n, struct host_gaps *gaps, struct os_error *error);

/*
 * The id of the adapter through which the system's route table sends to `to`, as
 * host_list_adapters() spells it. The destination alone decides, as on NT 4.0 (Q175396).
 *
 * STATUS_UNREACHABLE  no route leads there
 * STATUS_NOT_FOUND    it does not leave the machine: an address of its own
 * STATUS_SYSTEM       the system would not say
 * STATUS_UNSUPPORTED  disk_only, the system has no such question, or two adapters lead there alike
 */
enum status host_route(struct host *host, uint32_t to, struct arena *arena, const char **adapter_id,
		       struct os_error *error);

/*
 * Name lookups, any thread; they block for as long as the system's resolver likes. The return
 * value is HOST_LOOKUP_OK or the Winsock error; `name` and `addresses` are written on success.
 */
int host_reverse_lookup(struct host *host, uint32_t address, char name[HOST_MAX_NAME]);
int host_forward_lookup(struct host *host, const char *name, uint32_t addresses[HOST_MAX_ADDRESSES],
			size_t *n);

/* The meaning of a lookup's Winsock error, for which Windows NT 4.0 has no text of its own. */
const char *host_lookup_text(int error);

/*
 * Reads value `name` ("" is the default value) of `key`, a path below HKEY_LOCAL_MACHINE.
 *
 * STATUS_NOT_FOUND    the key or the value is not there
 * STATUS_DENIED       it may not be read
 * STATUS_UNSUPPORTED  it is of another kind than those of struct host_value
 * STATUS_LIMIT        it is longer than HOST_MAX_VALUE
 * STATUS_SYSTEM       the system would not
 */
enum status host_read_value(struct host *host, const char *key, const char *name,
			    struct arena *arena, struct host_value *out, struct os_error *error);

/*
 * Why what stands in `key` is not to be believed, as the rest of a sentence that begins with its
 * name, in `arena`; NULL: it is. Its owner could write anything there.
 */
const char *host_key_fault(struct host *host, const char *key, struct arena *arena);

/* Is `key` there? STATUS_OK, or a failure as of host_read_value(). */
enum status host_find_key(struct host *host, const char *key, struct os_error *error);

/*
 * The state of a service. One that is not installed is no failure but SERVICE_STATE_NOT_INSTALLED.
 *
 * STATUS_NOT_FOUND    the directory that stands for the disk does not tell its state
 * STATUS_DENIED       it may not be asked
 * STATUS_SYSTEM       the system would not
 */
enum status host_query_service(struct host *host, const char *name, struct host_service *out,
			       struct os_error *error);

/*
 * The newest events of the Application log that were asked for, at most HOST_MAX_EVENTS. A log that
 * could be read in part is a success with a `gap`.
 *
 * STATUS_NOT_FOUND    there is no log
 * STATUS_DENIED       it may not be read
 * STATUS_MALFORMED    it is no event log
 * STATUS_SYSTEM       the system would not
 */
enum status host_read_events(struct host *host, const struct host_question *question,
			     struct arena *arena, struct host_answer *out, struct os_error *error);

/*
 * Has an event that is asked for been written since the last look? The first look says no.
 * Made to be called every few seconds: records are read only where something was written.
 *
 * Failures as of host_read_events(); what could be looked at is in `*out` all the same.
 */
enum status host_look_for_news(struct host *host, const struct host_question *question,
			       struct host_news *out, struct os_error *error);

/*
 * The size and time of the file at a Windows path ("C:\exchsrvr\bin\Emsmta.exe"), and with
 * host_read_file() its bytes, which host_free_file() frees.
 *
 * STATUS_NOT_FOUND    there is no such file (a directory is none)
 * STATUS_DENIED       it may not be read
 * STATUS_LIMIT        it is longer than HOST_MAX_FILE
 * STATUS_SYSTEM       the system would not
 */
enum status host_stat_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error);
enum status host_read_file(struct host *host, const char *path, struct host_file *out,
			   struct os_error *error);
void host_free_file(struct host_file *file);

enum host_severity { HOST_SEVERITY_INFORMATION, HOST_SEVERITY_WARNING, HOST_SEVERITY_ERROR };

/*
 * Writes an event of `source` into the Application log of a Windows whose host was opened with
 * `writes_events`; everywhere else nothing happens. `id` is without severity. A failure is logged.
 * Any thread.
 */
void host_write_event(struct host *host, const char *source, enum host_severity severity,
		      uint16_t id, const char *const *strings, size_t n);

/* Milliseconds since some fixed moment; never runs backwards. Any thread. */
uint64_t host_now_ms(struct host *host);

/* Milliseconds since 1970 by the machine's clock, which may be wrong or set. Any thread. */
int64_t host_wall_ms(struct host *host);

/*
 * Fills `bytes` from the system's cryptographic generator. Any thread.
 *
 * STATUS_SYSTEM  there is none
 */
enum status host_random(struct host *host, void *bytes, size_t n, struct os_error *error);

/* Sleeps, whatever happens. Any thread. */
void host_sleep(struct host *host, uint32_t ms);

/* Waits at most `ms` for a change or the end. */
enum host_wake host_wait(struct host *host, uint32_t ms);

/* Ends one host_wait(): the one under way, or the next. Any thread. */
void host_wake_up(struct host *host);

/* Ends host_wait(), now and later. Any thread, and from a signal handler. */
void host_stop(struct host *host);

/*
 * Runs `run(arg)` on a thread of its own that nobody waits for; `arg` outlives it or is freed by
 * it. A host with threads that have not ended is left by host_close() to the end of the process.
 *
 * STATUS_SYSTEM  no thread could be made; `run` is not called
 */
enum status host_start_thread(struct host *host, void (*run)(void *arg), void *arg,
			      struct os_error *error);
