import { html, nothing, type TemplateResult } from 'lit';
import type { RecentUserRow } from '#queries/catalogue.ts';
import { ask, environment } from '../api.ts';
import { ago, thousands } from '../format.ts';
import { type UserAnswer, userStory } from '../parts/user-story.ts';
import { empty, loading, problem, show } from '../view.ts';

const params = new URLSearchParams(location.search);
const who = params.get('who')?.trim() ?? '';
const as = params.get('as') ?? '';
let user: UserAnswer | undefined;
let recent: readonly RecentUserRow[] | undefined;
let failure: unknown;

/** A plain form: what is looked for is the page's address. */
function view(): TemplateResult {
  return html`<search><form class="filters" aria-label="Find a user" action="/users" method="get">
      <input type="hidden" name="env" value=${environment()} />
      <label class="wide">Identity, user id or device id
        <input type="search" name="who" .value=${who} required placeholder="ann@example.com" autocomplete="off" spellcheck="false" />
      </label>
      <label class="check"><input type="checkbox" name="as" value="identity" ?checked=${as === 'identity'} /> a number, too, is an identity</label>
      <button type="submit">Find</button>
    </form></search>
    ${answer()}`;
}

function answer(): TemplateResult {
  if (failure !== undefined) return problem(failure);
  if (user !== undefined) return userStory(user);
  if (who !== '') return loading(`Looking for ${who}`);
  if (recent === undefined) return loading('Looking who was here last');
  if (recent.length === 0)
    return empty(
      'Nobody was here yet',
      html`Send a first event, and watch it arrive on the page <a href="/live">Live</a>.`,
    );
  const now = Date.now();
  return html`<section aria-labelledby="recent"><h2 id="recent">Seen last</h2>
    <div class="scroll"><table class="dense">
      <thead><tr><th scope="col">User</th><th scope="col">Last event</th><th scope="col">When</th><th scope="col" class="number">Recent events</th><th scope="col" class="number">On devices</th></tr></thead>
      <tbody>${recent.map(
        ({ userId, identity, lastEvent, lastAtMs, events, devices }) => html`<tr>
          <th scope="row"><a href="/users?${new URLSearchParams({ env: environment(), who: String(userId) })}">${identity || userId}</a>${identity === '' ? html` <span class="quiet">anonymous</span>` : nothing}</th>
          <td>${lastEvent}</td><td class="nowrap">${ago(lastAtMs, now)}</td><td class="number">${thousands(events)}</td><td class="number">${devices}</td>
        </tr>`,
      )}</tbody>
    </table></div>
  </section>`;
}

const update = show(view);
try {
  if (who === '') recent = (await ask<{ recent: readonly RecentUserRow[] }>('users')).recent;
  else user = await ask<UserAnswer>('users', { who, as });
} catch (error) {
  failure = error;
}
update();
