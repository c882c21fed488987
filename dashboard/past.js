/*
 * The past: the servers, a server, the sites and a matrix as they were known at a moment, which the address has
 * as `at`. Nothing here is of now and nothing can be changed: a frame around the page says so, on paper too, with
 * a slider through all that is kept, and arrows to the change before and after.
 */

import { paths } from "./api.js";
import { Adapters, Files, Host, Mta, Problems } from "./facts.js";
import { html, plain, useEffect, useRef, useState } from "./html.js";
import { fleetSummary, openServer, VerdictStrip } from "./list.js";
import { useAnswer } from "./live.js";
import { Badge, Button, Link, Main, Moment, NoAnswer, Pager, Section, TextLine, useZone, Wide } from "./parts.js";
import { goTo, place, placeUrl, serverQuery, siteName, siteOf } from "./place.js";
import { settings } from "./reader.js";
import { FactTree, Remedy } from "./server.js";
import { Matrix, SiteTable } from "./sites.js";
import { collectorNow, count, duration, reasonOf, remedyLine, serviceWord, timeText } from "./words.js";

const MINUTE_MS = 60000;
const STEPS = 1000;       // of the slider, from one end to the other
const SETTLE_MS = 250;    // the slider rests for so long before the collector is asked
const PAGE_SIZE = "200";

const isoOf = (ms) => new Date(ms).toISOString();

/* ---- answers ---- */

/* The address of what a place shows. */
function pathOf({ page, server, organization, site, cursor, ...state }) {
  if (page === "matrix") return paths.matrix(organization, site);
  if (page === "sites") return paths.sites();
  if (server) return paths.server(server);
  const query = serverQuery({ page, organization, site, ...state });
  query.set("limit", PAGE_SIZE);
  for (const name of ["owner", "drift"]) query.delete(name); // which is not kept, nor what these orders need
  if (/reported_at|build/.test(query.get("sort"))) query.delete("sort");
  if (cursor) query.set("cursor", cursor);
  return paths.servers(query);
}

/** {body, next, error, isOld}: what was shown stays, and is said to be of another moment, until the answer is there. */
function usePast() {
  const state = place.use((all) => all);
  const path = paths.then(pathOf(state), state.at);
  const answer = useAnswer(path, ""); // once: the past does not go on
  const key = pathOf({ ...state, cursor: "" });
  const last = useRef({});
  if (answer.body) last.current = { key, body: answer.body, next: answer.next };
  const isOld = !answer.body && !answer.error && last.current.key === key;
  return { ...(isOld ? last.current : answer), error: answer.error, isOld };
}

/* ---- the moment ---- */

/* What a field for a moment in the reader's zone holds. */
function fieldValue(ms, zone) {
  const shift = zone === "utc" ? 0 : new Date(ms).getTimezoneOffset() * MINUTE_MS;
  return isoOf(ms - shift).slice(0, 19);
}

function momentOf(value, zone) {
  return Date.parse(zone === "utc" ? `${value}Z` : value);
}

function goToMoment(ms) {
  goTo({ at: isoOf(ms), cursor: "" }, { replace: true });
}

function Slider({ from, to, at }) {
  const zone = useZone();
  const [value, setValue] = useState(at);
  const timer = useRef(0);
  useEffect(() => setValue(at), [at]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const move = (event) => {
    const ms = Number(event.target.value);
    setValue(ms);
    clearTimeout(timer.current);
    timer.current = setTimeout(goToMoment, SETTLE_MS, ms);
  };
  return html`<input type="range" id="past-slider" aria-label="Moment" min=${from} max=${to} value=${value}
    step=${Math.max(1, Math.floor((to - from) / STEPS))} aria-valuetext=${timeText(isoOf(value), zone)}
    onInput=${move} />`;
}

function Arrow({ id, at, word, none, children }) {
  const zone = useZone();
  return html`<${Button} id=${id} aria-disabled=${at ? null : "true"} title=${at ? timeText(at, zone) : none}
    aria-label=${word} onClick=${() => at && goTo({ at, cursor: "" }, { replace: true })}>${children}<//>`;
}

function ChosenMoment({ at }) {
  const zone = useZone();
  const choose = (event) => {
    const ms = momentOf(event.target.value, zone);
    if (ms) goToMoment(ms);
  };
  return html`<label>Go to <input type="datetime-local" id="past-moment" step="1" value=${fieldValue(at, zone)}
    onChange=${choose} /></label>`;
}

/* `past` is that of the last answer; without one the slider goes back a day. */
function Frame({ past, isOld }) {
  const asked = Date.parse(place.use((state) => state.at)) || collectorNow();
  const at = past && !isOld ? Date.parse(past.at) : asked;
  const now = collectorNow();
  const from = Math.min(asked, past ? Date.parse(past.known_from) : now - 1440 * MINUTE_MS);
  return html`<section id="past-frame" aria-label="The past" aria-busy=${String(isOld)}>
    <p class="past-said"><b>The past</b> – as it was known at${" "}
      <strong id="past-at"><${Moment} at=${isoOf(at)} /></strong>,${" "}
      ${duration((now - at) / 1000)} ago. Nothing here is of now.</p>
    <div class="past-tools">
      <${Arrow} id="past-before" at=${past?.before} word="The change before"
        none="No change before is kept">‹ Change<//>
      <${Slider} from=${from} to=${now} at=${at} />
      <${Arrow} id="past-after" at=${past?.after} word="The change after"
        none="Nothing has changed since">Change ›<//>
      <${ChosenMoment} at=${at} />
      <${Button} id="past-end" class="button primary"
        onClick=${() => goTo({ at: "", cursor: "" })}>Back to now<//></div>
    ${past?.not_kept.map((text) => html`<p class="quiet" key=${text}><bdi>${text}</bdi></p>`)}</section>`;
}

/* ---- servers ---- */

/* Of the columns, with their classes. */
const HEADS = [["Verdict", "verdict"], ["Server", "server"], ["Site", "site"], ["Why", "why"], ["Since", "then"],
  ["Report", "then"], ["MTA", "mta"], ["Build", "build"]];

function Row({ server }) {
  const { line, text } = reasonOf(server);
  const fix = remedyLine(server);
  const open = (event) => openServer(event, server.server);
  return html`<tr class=${`row v-${server.silent ? "silent" : server.verdict}`} data-server=${server.server}
      onClick=${open}>
    <td class="c-verdict"><${Badge} server=${server} /></td>
    <th scope="row" class="c-server"><a class="name" href=${placeUrl({ server: server.server })} onClick=${open}>
      <bdi>${server.server}</bdi></a></th>
    <td class="c-site"><span class="place" title=${siteName(server)}><bdi>${server.site || "–"}</bdi></span></td>
    <td class="c-why"><${TextLine} kind="why" text=${line} title=${text} />
      ${fix && html`<${TextLine} kind="fix" text=${fix} />`}</td>
    <td class="c-then"><${Moment} at=${server.since} /></td>
    <td class="c-then">${server.reported_at ? html`<${Moment} at=${server.reported_at} />` : "not kept"}</td>
    <td class="c-mta">${server.mta ? serviceWord(server.mta) : "–"}</td>
    <td class="c-build"><bdi>${server.build ?? "–"}</bdi></td></tr>`;
}

function ServerTable({ servers }) {
  return html`<table id="servers" class="past-servers" aria-describedby="headline">
    <caption class="visually-hidden">Servers then</caption>
    <thead><tr>${HEADS.map(([head, kind]) => html`<th scope="col" key=${head} class="c-${kind}">${head}</th>`)}</tr>
    </thead>
    <tbody id="rows">${servers.map((server) => html`<${Row} key=${server.server} server=${server} />`)}</tbody>
    </table>`;
}

/* Of the fleet, or of the site that is chosen; who was not monitored is not kept. */
function useCounts(body) {
  const { organization, site, at } = place.use((state) => state);
  const isOne = Boolean(organization || site);
  const sites = useAnswer(isOne ? paths.then(paths.sites(), at) : null, "").body?.sites;
  if (!isOne) return { counts: body?.counts, site: null };
  const chosen = siteOf({ organization, site });
  const isIt = (one) => siteOf(one).organization === chosen.organization && siteOf(one).site === chosen.site;
  return { counts: sites?.find(isIt)?.counts, site: chosen };
}

function Servers({ body, next }) {
  const { counts, site } = useCounts(body);
  const summary = fleetSummary(counts, true);
  return html`<${VerdictStrip} counts=${{ ...counts, not_monitored: undefined }} site=${site} />
    <div class="layout"><${Main} title=${site ? `${siteName(site)}: ${summary}` : summary}
      tools=${html`<p id="shown">${count(body.matched, "server")}</p>`}>
      ${body.servers.length > 0 ? html`<${ServerTable} servers=${body.servers} />`
    : html`<p class="empty" id="empty">No server matches the filter.</p>`}
      <${Pager} next=${next} label="Pages of the list" word="Next ${body.servers.length}" /><//></div>`;
}

/* ---- a server ---- */

function Reasons({ server }) {
  return html`<${Section} title="Why" id="why">
    ${server.silent && html`<p class="note hatched">It was silent then, after its report of
      <${Moment} at=${server.reported_at} />.</p>`}
    ${server.notes.map(({ code, text }) => html`<p class="note" key=${code}><bdi>${text}</bdi></p>`)}
    <ul class="reasons">${server.reasons.map((reason) => html`<li key=${reason.code + reason.text}>
      <bdi>${reason.text}</bdi></li>`)}</ul>
    ${server.reasons.length === 0 && html`<p class="quiet">${reasonOf(server).text}</p>`}<//>`;
}

function Server({ body: server }) {
  return html`<div class="layout"><main id="list" tabindex="-1" class="server" data-server=${server.server}>
    <header class="server-head">
      <${Link} class="button" id="back" here=${{ server: "" }} title="Back to the list ( Esc )">‹ List<//>
      <h2 id="server-name" tabindex="-1"><bdi>${server.server}</bdi></h2><${Badge} server=${server} />
      <p class="quiet"><${Link} id="matrix-link" page="matrix" to=${siteOf(server)}><bdi>${siteName(server)}</bdi><//>
        <span> · since <${Moment} at=${server.since} /></span>
        ${server.reported_at && html`<span> · report of <${Moment} at=${server.reported_at} /></span>`}</p></header>
    <div class="cards"><div class="column"><${Reasons} server=${server} /><${Remedy} server=${server} />
      <${FactTree} facts=${server.facts} />
      ${server.report && html`<${Problems} server=${server} /><${Host} server=${server} />`}</div>
    ${server.report && html`<div class="column"><${Adapters} server=${server} /><${Mta} server=${server} /></div>
      <${Files} server=${server} />`}</div></main></div>`;
}

/* ---- sites ---- */

function Sites({ body }) {
  return html`<div class="layout"><${Main} title="Sites then, worst first">
    <${SiteTable} sites=${body.sites} /><//></div>`;
}

function SiteMatrix({ body }) {
  const where = { organization: body.organization, site: body.site };
  return html`<div class="layout"><${Main} title=${html`Who reached whom in <bdi>${siteName(where)}</bdi>`}
    tools=${html`<${Link} class="link" to=${siteOf(where)}>Its servers<//>`}><${Matrix} matrix=${body} /><//></div>`;
}

/* ---- page ---- */

function shownBy({ page, server }) {
  if (page === "matrix") return SiteMatrix;
  if (page === "sites") return Sites;
  return server ? Server : Servers;
}

function Refused({ error }) {
  return html`<div class="layout"><main id="list" tabindex="-1"><${NoAnswer} error=${error} /></main></div>`;
}

export default function Past() {
  const state = place.use((all) => all);
  const zone = settings.use((all) => all.zone);
  const { body, next, error, isOld } = usePast();
  const known = useRef(null); // the slider's ends stay where a moment is refused
  if (body) known.current = body.past;
  const Shown = shownBy(state);
  useEffect(() => {
    document.body.classList.add("past");
    return () => document.body.classList.remove("past");
  }, []);
  const said = body && !isOld ? plain(`As it was at ${timeText(body.past.at, zone)}`) : "";
  const past = body?.past ?? (known.current && { ...known.current, before: null, after: null, not_kept: [] });
  return html`<${Frame} past=${past} isOld=${isOld || !(body || error)} />
    <div class=${isOld ? "past-old" : ""}>${body ? html`<${Shown} body=${body} next=${next} />`
    : html`<${Refused} error=${error} />`}</div>
    <p class="visually-hidden" id="news" role="status" aria-live="polite">${said}</p>`;
}
