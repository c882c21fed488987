/*
 * The page of one server: why the verdict is as it is, in sentences and as the tree of facts that
 * it follows from, each with its value, its source and its time; what to do, the smallest change
 * first, each step with the verdict after it; and the report that the verdict rests on.
 */

import { AlertDialogs } from "./alerts.js";
import { paths, removeServer } from "./api.js";
import { AlertActions, ConditionBadge, History, LookedAfter } from "./care.js";
import { Adapters, Files, Host, Mta, Probes, Problems, Raw } from "./facts.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { ReleaseDialog } from "./operator.js";
import {
  Age, Badge, Button, Dialog, Field, Later, Link, Moment, NoAnswer, Quiet, Section, useClock, VerdictBadge,
} from "./parts.js";
import { goTo, siteName, siteOf } from "./place.js";
import { useHasRole } from "./reader.js";
import { conditionClass, count, duration, MARKS, reachWords, reasonOf, RESTARTS, secondsSince } from "./words.js";

/* ---- why ---- */

function SilentNote({ server }) {
  const age = useClock(() => duration(secondsSince(server.reported_at) ?? 0));
  return html`<p class="note hatched">Silent: the last report is ${age} old.
    What follows was so when the server last reported.</p>`;
}

const REFUSALS = {
  host_enrolled: "another machine wants to enrol under this name",
  wrong_agent: "another agent reported in this name",
  conflicting_report: "two machines report with one key, as copied disks do",
};

function Refused({ refused: { count: times, last_at: at, from, code } }) {
  return html`<p class="note" id="refused">Refused ${count(times, "time")}, the last <${Age} at=${at} ago /> from
    <bdi> ${from}</bdi>: ${REFUSALS[code] ?? code}. If that is the right machine, release the agent.</p>`;
}

function Imported({ imported: { by, at } }) {
  return html`<p class="note">The latest report was carried here by <bdi>${by}</bdi>, <${Moment} at=${at} />.</p>`;
}

function CameBack({ removed: { by, at, reason } }) {
  return html`<p class="note">It was taken out by <bdi>${by}</bdi>, <${Moment} at=${at} />
    ${reason && html` (<bdi>${reason}</bdi>)`}, and has come back.</p>`;
}

function OtherNames({ others }) {
  return html`<p class="note">The same machine, by its agent or a network card:${" "}
    ${others.map((other) => html`<bdi>${other.server}</bdi> `)}</p>`;
}

/* Findings that are odd and decide nothing. */
function Notes({ server }) {
  const { notes, refused, imported, removed, other_names: others } = server;
  return html`${notes.map(({ code, text }) => html`<p key=${code} class="note"><bdi>${text}</bdi></p>`)}
    ${refused && html`<${Refused} refused=${refused} />`}
    ${imported && html`<${Imported} imported=${imported} />`}
    ${removed && html`<${CameBack} removed=${removed} />`}
    ${others.length > 0 && html`<${OtherNames} others=${others} />`}`;
}

function Reason({ reason }) {
  return html`<li title=${reason.code}><bdi>${reason.text}</bdi></li>`;
}

function MayRestart({ server }) {
  return html`<p id="restart">May it be restarted?${" "}
    <${Link} page="maintenance" to=${siteOf(server)}>${RESTARTS[server.restart]?.answer ?? server.restart}<//></p>`;
}

function Why({ server }) {
  const { reasons } = server;
  return html`<${Section} title="Why" id="why">
    ${server.silent && html`<${SilentNote} server=${server} />`}<${Notes} server=${server} />
    ${reasons.length === 0 ? html`<${Quiet}>${reasonOf(server).text}<//>` : html`<ul class="reasons">
      ${reasons.map((reason) => html`<${Reason} key=${reason.code + reason.text} reason=${reason} />`)}</ul>`}
    <${MayRestart} server=${server} /><//>`;
}

/* ---- drift ---- */

function DriftLine({ mark }) {
  return html`<li><bdi>${mark.text}</bdi> <span class="quiet">Since <${Moment} at=${mark.at} /></span></li>`;
}

/* What has changed lately that decides nothing. */
function Drift({ marks }) {
  if (marks.length === 0) return null;
  return html`<${Section} title="Drift" id="drift"><p class="quiet">${MARKS.drift.meaning}${" "}
      A line goes when it is undone, or after seven days.${" "}
      <${Link} to=${{ drift: "true" }}>All servers with drift<//></p>
    <ul>${marks.map((mark) => html`<${DriftLine} key=${mark.kind + mark.of} mark=${mark} />`)}</ul><//>`;
}

/* ---- fact tree ---- */

function shownValue(value) {
  if (value === null || value === undefined) return html`<span class="warn-text">could not be read</span>`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return html`<bdi>${String(value)}</bdi>`;
}

function FactLine({ fact }) {
  return html`<span class="fact-label"><bdi>${fact.label}</bdi></span>${" "}
    <span class="fact-value">${shownValue(fact.value)}</span>
    <span class="sub"><bdi>${fact.source}</bdi>${fact.at && html`, <${Moment} at=${fact.at} />`}</span>`;
}

function Fact({ fact }) {
  if (fact.facts.length === 0) return html`<li class="leaf"><${FactLine} fact=${fact} /></li>`;
  return html`<li><details><summary><${FactLine} fact=${fact} /></summary>
    <${Branch} facts=${fact.facts} /></details></li>`;
}

function Branch({ facts }) {
  return html`<ul class="facts-branch">${facts.map((fact) => html`<${Fact} key=${fact.fact} fact=${fact} />`)}</ul>`;
}

export function FactTree({ facts }) {
  if (facts.length === 0) return null;
  return html`<${Section} title="The facts behind it" id="fact-tree">
    <div class="fact-tree"><${Branch} facts=${facts} /></div><//>`;
}

/* ---- remedy ---- */

function Step({ step }) {
  return html`<li><span><bdi>${step.text}</bdi></span>
    <span class="after">then: <${VerdictBadge} verdict=${step.verdict_after} /></span></li>`;
}

function MissingPath({ path }) {
  return html`<li><bdi>${path.adapter}</bdi> to <bdi>${path.peer}</bdi>: ${reachWords(path)}</li>`;
}

export function Remedy({ server }) {
  const { options, text, missing_paths: missing = [] } = server.remedy;
  if (options.length === 0 && !text && missing.length === 0) return null;
  const several = options.length > 1;
  return html`<${Section} title=${several ? "What to do (one of these)" : "What to do"} id="remedy">
    ${text && html`<p><bdi>${text}</bdi></p>`}
    ${missing.length > 0 && html`<ul>${missing.map((path) => html`<${MissingPath} path=${path} />`)}</ul>`}
    ${options.map((option, i) => html`<div class="option">
      ${several && html`<h4>Option ${i + 1}${i === 0 && ", the smallest change"}</h4>`}
      <ol>${option.steps.map((step) => html`<${Step} step=${step} />`)}</ol></div>`)}<//>`;
}

/* ---- alerts ---- */

function OpenAlert({ alert, silences, openDialog }) {
  return html`<div class="open-alert ${conditionClass(alert.condition)}" data-alert=${alert.id}>
    <p><${ConditionBadge} alert=${alert} /> <span class="quiet">since <${Moment} at=${alert.since} /></span>
      <span class="actions"><${AlertActions} alert=${alert} openDialog=${openDialog} /></span></p>
    <p><${LookedAfter} alert=${alert} silences=${silences} /></p><${History} alert=${alert} /></div>`;
}

/* What fires here or may, and who looks after it. */
function ServerAlerts({ name }) {
  const { body } = useAnswer(paths.alerts([["server", name], ["state", "firing"], ["state", "pending"]]));
  const silences = useAnswer(body?.alerts.length > 0 ? paths.silences() : null);
  const [dialog, setDialog] = useState({});
  if (!body || body.alerts.length === 0) return null;
  return html`<${Section} title="Who looks after it" id="alerts-here">
    ${body.alerts.map((alert) => html`<${OpenAlert} key=${alert.id} alert=${alert}
      silences=${silences.body?.silences ?? []} openDialog=${setDialog} />`)}
    <${AlertDialogs} dialog=${dialog} onClose=${() => setDialog({})} /><//>`;
}

/* ---- actions ---- */

function DecommissionDialog({ name, onClose }) {
  const title = `Take ${name} out of the fleet?`;
  const remove = async ({ reason }) => {
    await removeServer(name, reason);
    goTo({ server: "" }, { replace: true });
  };
  return html`<${Dialog} title=${title} submit="Decommission" danger onSubmit=${remove} onClose=${onClose}>
    <p>No server is asked to probe it any more, and it is not watched any longer.
      Should it report again, it is back.</p>
    <${Field} label="Reason, for the audit log" name="reason" maxlength="1024" /><//>`;
}

function Actions({ server }) {
  const mayEdit = useHasRole("operator");
  const [dialog, setDialog] = useState("");
  const close = () => setDialog("");
  const name = server.server;
  const agent = server.report?.agent?.id;
  return html`<div class="server-actions">
    <${Link} class="button" page="alerts" to=${{ server: name }} title="( a )">Alerts<//>
    ${mayEdit && agent && html`<${Button} onClick=${() => setDialog("release")}>Release agent<//>`}
    ${mayEdit && html`<${Button} onClick=${() => setDialog("decommission")}>Decommission<//>`}
    ${dialog === "release" && html`<${ReleaseDialog} id=${agent} host=${name} onClose=${close} />`}
    ${dialog === "decommission" && html`<${DecommissionDialog} name=${name} onClose=${close} />`}</div>`;
}

/* ---- server ---- */

function SiteLink({ server }) {
  return html`<${Link} id="matrix-link" page="matrix" to=${siteOf(server)}
    title="Reachability matrix of the site ( m )"><bdi>${siteName(server)}</bdi><//>`;
}

function LastReport({ server }) {
  return html`<span> · report <${Age} at=${server.reported_at} ago
    lateAfter=${2 * (server.interval_s ?? 0)} /></span>`;
}

function Head({ name, server }) {
  const title = useRef(null);
  useEffect(() => {
    title.current.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);
  return html`<header class="server-head">
    <${Link} class="button" id="back" here=${{ server: "" }} title="Back to the list ( Esc )">‹ List<//>
    <h2 id="server-name" tabindex="-1" ref=${title}><bdi>${server?.server ?? name}</bdi></h2>
    ${server && html`<${Badge} server=${server} />
      <p class="quiet"><${SiteLink} server=${server} />
        <span> · since <${Moment} at=${server.since} /></span>
        ${server.reported_at && html`<${LastReport} server=${server} />`}</p>
      <${Actions} server=${server} />`}
  </header>`;
}

function Cards({ server }) {
  return html`<div class="cards">
    <div class="column"><${Why} server=${server} /><${Drift} marks=${server.drift} />
      <${Later} module="remarks" room="remark-room" server=${server} /><${ServerAlerts} name=${server.server} />
      <${Remedy} server=${server} />
      <${FactTree} facts=${server.facts} /><${Problems} server=${server} /><${Host} server=${server} /></div>
    <div class="column"><${Adapters} server=${server} /><${Probes} server=${server} /><${Mta} server=${server} /></div>
    <${Section} title="Timeline" id="timeline" wide>
      <${Later} module="timeline" room="timeline-room" server=${server} /><//>
    <${Files} server=${server} />
    <${Raw} server=${server} />
  </div>`;
}

export function ServerPage({ name }) {
  const { body: server, error } = useAnswer(paths.server(name));
  return html`<main id="list" tabindex="-1" class=${server?.silent ? "server old" : "server"} data-server=${name}>
    <${Head} name=${name} server=${server} />
    ${server ? html`<${Cards} server=${server} />` : html`<${NoAnswer} error=${error} />`}
  </main>`;
}
