/* The list's filter by site; its choices are the sites that the collector knows. */

import { paths } from "./api.js";
import { fleet } from "./fleet.js";
import { html } from "./html.js";
import { useAnswer } from "./live.js";
import { filterBy, place } from "./place.js";

const key = (organization, site) => JSON.stringify([organization, site]);

function useSites() {
  const { body } = useAnswer(paths.sites());
  const servers = fleet.use((state) => state.servers);
  const known = Array.isArray(body) ? body : servers;
  const keys = new Map(known.map((s) => [key(s.organization ?? "", s.site ?? ""), s]));
  return [...keys.keys()].sort();
}

export function SiteFilter() {
  const { organization, site } = place.use((state) => state);
  const keys = useSites();
  const now = organization || site ? key(organization, site) : "";
  if (now && !keys.includes(now)) keys.push(now);
  const choose = (event) => {
    const [nextOrganization, nextSite] = event.target.value ? JSON.parse(event.target.value) : ["", ""];
    filterBy({ organization: nextOrganization, site: nextSite });
  };
  return html`<label class="visually-hidden" for="site">Site</label>
    <select id="site" onChange=${choose}>
      <option value="" selected=${now === ""}>All sites</option>
      ${keys.map((item) => html`<option key=${item} value=${item} selected=${item === now}>
        ${JSON.parse(item).filter(Boolean).join(" / ") || "no site"}</option>`)}</select>`;
}
