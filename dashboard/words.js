/* Verdicts, adapters, grades, remedies and times in words; and what time it is. No page, no network. */

/* Worst first. `mark` is drawn in 16 x 16; the first path is the shape, the others its sign. */
export const VERDICTS = {
  failing: {
    word: "Failing",
    meaning: "The MTA is down: its last start ended in event 9321 with NT Error 11004.",
    mark: ["M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z", "M5.5 5.5l5 5M10.5 5.5l-5 5"],
  },
  exposed: {
    word: "Exposed",
    meaning: "Its MTA would fail at its next start: an active adapter reaches no server of the site.",
    mark: ["M8 1.4l7 12.8H1z", "M8 5.8v4M8 12v.1"],
  },
  at_risk: {
    word: "At risk",
    meaning: "An active adapter reaches only some of the site, or only through another adapter.",
    mark: ["M8 .9l7.1 7.1L8 15.1.9 8z", "M8 4.8v4M8 11.1v.1"],
  },
  unknown: {
    word: "Cannot tell",
    meaning: "Facts are missing, and they could change the answer.",
    mark: ["M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 1 0 8 1.2z",
      "M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.3M8 11.7v.1"],
  },
  not_monitored: {
    word: "Not monitored",
    meaning: "This server should be there and has never reported.",
    mark: ["M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 1 0 8 1.2z", "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"],
  },
  clear: {
    word: "Clear",
    meaning: "The fault is in the code, but the condition for it is not there.",
    mark: ["M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 1 0 8 1.2z", "M4.9 8.3l2.2 2.2 4.1-4.7"],
  },
  protected: {
    word: "Protected",
    meaning: "The fix is in.",
    mark: ["M8 .9l6 2.2v4.5c0 3.7-2.5 6.1-6 7.5-3.5-1.4-6-3.8-6-7.5V3.1z",
      "M5.2 7.9l2 2 3.6-4.1"],
  },
  not_applicable: {
    word: "Not applicable",
    meaning: "No Exchange 5.5 MTA here, or one from before the fault.",
    mark: ["M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 1 0 8 1.2z", "M5 8h6"],
  },
};

export const SILENT = {
  word: "Silent",
  meaning: "No report for three intervals: what is shown is old.",
  mark: ["M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 1 0 8 1.2z", "M8 4.4V8l2.6 1.8"],
};

/* What an alert of a server can be about beside its verdict and its silence. */
export const MARKS = {
  drift: {
    word: "Drift",
    meaning: "Something about it changed that is no trouble yet, and often announces some.",
    mark: ["M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 1 0 8 1.2z", "M4.4 10.6l2.4-3.4 2.2 1.8 2.6-3.8"],
  },
};

/* Conditions of the collector itself; all others are verdicts, silence, or marks. */
const SELF_CONDITIONS = {
  surroundings: "Many silent", disk: "Disk", certificate: "Certificate", store_lost: "Commits lost",
  store_async: "One copy only", dead_letters: "Not delivered", hook: "Hook stuck", collector: "Collectors",
};

/**
 * Everything that an alert can be about, worst first: the order wherever alerts are listed. The collector's
 * table is collector/model/conditions.def.
 */
export const CONDITIONS = [
  "failing", "exposed", "at_risk", "surroundings", "disk", "certificate", "store_lost", "store_async",
  "dead_letters", "hook", "collector", "silent", "unknown", "not_monitored", "drift",
];

/** The class that colours a condition. */
export function conditionClass(condition) {
  return condition in SELF_CONDITIONS ? "v-ill" : `v-${condition}`;
}

export function conditionWord(condition) {
  if (condition === "silent") return SILENT.word;
  return MARKS[condition]?.word ?? SELF_CONDITIONS[condition] ?? verdictWord(condition);
}

export function verdictWord(verdict) {
  return VERDICTS[verdict]?.word ?? String(verdict);
}

/** What the API's `restart` says of a server, worst first. */
export const RESTARTS = {
  no: { answer: "No: its MTA would not start again", heading: "Not to be restarted" },
  cannot_tell: { answer: "Cannot tell whether its MTA would start again", heading: "Cannot tell" },
  yes: { answer: "Yes", heading: "May be restarted" },
};

/** The paths of the glyph of a verdict, of a mark, or of "silent". */
export function glyphPaths(of) {
  return of === "silent" ? SILENT.mark : (VERDICTS[of] ?? MARKS[of] ?? VERDICTS.unknown).mark;
}

/**
 * {line, text}: why the verdict is as it is, short and in full. The rule's first reason decides, and
 * begins with a short sentence.
 */
export function reasonOf({ reasons, verdict }) {
  const text = reasons[0]?.text ?? VERDICTS[verdict]?.meaning ?? "";
  return { line: text.split(/\.( |$)/)[0], text };
}

const ACTIONS = {
  disable_adapter: (step) => `disable ${step.adapter}`,
  connect_adapter: (step) => `connect the network of ${step.adapter} to the site's servers`,
  install_service_pack: () => "install Service Pack 4",
  install_fix: () => "install the fix (2654.54 or later)",
  start_mta: () => "start the MTA",
};

/** An option in a few words: "disable El90x2, then start the MTA". */
function optionWords(option) {
  return option.steps.map((s) => ACTIONS[s.action]?.(s) ?? s.text).join(", then ");
}

/** The whole remedy in a line, or "". */
export function remedyLine({ remedy }) {
  const line = remedy.options.map(optionWords).join(", or ") || remedy.text || "";
  return line.charAt(0).toUpperCase() + line.slice(1);
}

export const GRADES = ["none", "tcp", "epm", "mapped", "mta"];
const GRADE_MEANING = {
  none: "nothing answers on port 135",
  tcp: "port 135 accepts and says nothing",
  epm: "the endpoint mapper answers and names no MTA",
  mapped: "the MTA's endpoint is named and does not answer",
  mta: "the MTA answers",
};

/* Errors that ended a probe which reached nothing, where they say more than its grade. */
const PROBE_FAILURES = {
  host_unreachable: "the host is unreachable",
  net_unreachable: "no route",
  refused: "port 135 is closed",
  reset: "port 135 breaks the connection off",
  local: "the probe could not start here",
};

/** How far a probe got: "no route", "the MTA answers". */
export function reachWords({ grade, error }) {
  return grade === "none" && PROBE_FAILURES[error] || GRADE_MEANING[grade] || grade || "not probed";
}

/** The error that ended a probe, in words: "host unreachable". */
export function errorWords(error) {
  return error === "net_unreachable" ? "no route" : error?.replaceAll("_", " ");
}

/** A remark about an address that says something by itself, or "". */
export function addressWords(address) {
  return /^(169\.254|0\.0)\./.test(address) ? "it got no address from DHCP" : "";
}

export const ADAPTER_STATES = {
  good: ["Good", "ok"],
  isolated: ["Isolated", "bad"],
  partial: ["Partial", "warn"],
  borrowed: ["Borrowed", "warn"],
  unjudged: ["Not judged", "none"],
  inactive: ["Not active", "none"],
};

const SERVICE = {
  running: "running", stopped: "stopped", start_pending: "starting", stop_pending: "stopping",
  paused: "paused", not_installed: "not installed",
};

export function serviceWord(state) {
  return state ? SERVICE[state] ?? state : "not known";
}

/** "42 s", "7 min", "3 h", "12 d" */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return `${s} s`;
  if (s < 100 * 60) return `${Math.round(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

const DAY_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** A moment in a zone, "utc" or else the reader's; "" for what is no time. */
export function timeText(text, zone) {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return "";
  if (zone !== "utc") return DAY_TIME.format(ms);
  return new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

/** Its day alone. */
export function dateText(ms, zone) {
  return zone === "utc" ? new Date(ms).toISOString().slice(0, 10) : DAY.format(ms);
}

/** The moment in both zones, for titles. */
export function bothTimes(text) {
  return `${timeText(text)} (${timeText(text, "utc")})`;
}

/** The time of day of a moment, in a zone. */
export function clockTime(ms, zone) {
  return zone === "utc" ? `${new Date(ms).toISOString().slice(11, 19)} UTC` : CLOCK.format(ms);
}

export function count(n, one, many = `${one}s`) {
  return `${n} ${n === 1 ? one : many}`;
}

/*
 * The collector's clock, as far as the page knows it: ages are told by it, so a reader's clock that
 * is wrong makes no server look younger than it is.
 */
let offset = null; // collector minus performance.now(), in ms

export function syncClock(ms) {
  if (!Number.isNaN(ms)) offset = ms - performance.now();
}

export function collectorNow() {
  return offset === null ? Date.now() : offset + performance.now();
}

/** Seconds since then, by the collector's clock; null for what is no time. */
export function secondsSince(text) {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : Math.max(0, (collectorNow() - ms) / 1000);
}
