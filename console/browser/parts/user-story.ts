import { html, nothing, type TemplateResult } from 'lit';
import type { ShownSession, UserAccount } from '#queries/find-user.ts';
import type { UserProfile } from '#queries/user-profile.ts';
import type { Visit } from '#queries/user-timeline.ts';
import { duration, thousands, timeText, valueText } from '../format.ts';
import { figure } from './figure.ts';

export type UserAnswer = UserProfile & {
  readonly askedFor: { readonly as: string; readonly value: string };
  readonly account?: UserAccount | null;
  readonly sessionCount: number;
  /** The latest visits; the last one is the latest. */
  readonly timeline: readonly Visit<ShownSession>[];
  readonly visitCount: number;
  readonly queryMs: number;
};

/** All that is known of somebody. */
export function userStory(user: UserAnswer): TemplateResult {
  const { identities, userId, askedFor } = user;
  const name = identities.join(', ') || `User ${userId}`;
  return html`<section class="who" aria-labelledby="who">
    <div class="person">
      <h2 id="who">${name}</h2>
      <p class="quiet">${identities.length === 0 ? 'Anonymous: nobody has said who this is.' : html`User ${userId}.`} Found by ${askedFor.as} <code>${askedFor.value}</code> in ${duration(user.queryMs)}.</p>
    </div>
    <div class="cards">
      ${figure(thousands(user.events), 'events')} ${figure(thousands(user.sessionCount), 'sessions')} ${figure(thousands(user.deviceCount), 'devices')}
      ${figure(timeText(user.firstSeen).slice(0, 16), 'first seen')} ${figure(timeText(user.lastSeen).slice(0, 16), 'last seen')}
      ${user.account === undefined ? nothing : figure(user.account?.id ?? 'none', 'account')}
    </div>
    <div class="split">
      <div>
        <section aria-labelledby="story"><h3 id="story">Who, and why</h3>${identityStory(user)}</section>
        <section aria-labelledby="timeline"><h3 id="timeline">Timeline</h3>${timeline(user)}</section>
      </div>
      <div>
        <section aria-labelledby="properties"><h3 id="properties">Properties</h3>${properties(user.properties)}</section>
        ${user.account ? html`<section aria-labelledby="account"><h3 id="account">Properties of the account ${user.account.id}</h3>${properties(user.account.properties)}</section>` : nothing}
      </div>
    </div>
  </section>`;
}

/** Devices, and what made one user of them. */
function identityStory({ devices, merges, userId, deviceCount, mergeCount }: UserAnswer): TemplateResult {
  return html`<ol class="story">
    ${devices.map(({ deviceId, firstSeen, lastSeen, sources, platform, events }) => {
      const merge = merges.find((one) => one.deviceId === deviceId);
      const isOwn = deviceId === userId;
      return html`<li class=${merge?.counts || isOwn ? 'joined' : ''}>
        <div><strong>Device ${deviceId}</strong> <span class="quiet">${[sources.join(', '), platform].filter(Boolean).join(' · ')} · ${thousands(events)} events, ${timeText(firstSeen).slice(0, 16)} to ${timeText(lastSeen).slice(0, 16)}</span></div>
        ${isOwn ? html`<div class="why">What was sent under the user’s own id, such as by a server that names the identity.</div>` : merge === undefined ? nothing : why(merge)}
      </li>`;
    })}
    ${merges.filter((merge) => !devices.some(({ deviceId }) => deviceId === merge.deviceId)).map((merge) => html`<li><div><strong>Device ${merge.deviceId}</strong> <span class="quiet">not seen yet</span></div>${why(merge)}</li>`)}
  </ol>
  ${devices.length < deviceCount || merges.length < mergeCount ? html`<p class="quiet">The latest of ${thousands(deviceCount)} devices and ${thousands(mergeCount)} merges.</p>` : nothing}`;
}

function why({
  counts,
  identity,
  source,
  boundAt,
  time,
  place,
  reason,
  userId,
}: UserProfile['merges'][number]): TemplateResult {
  const what = counts
    ? html`Became <strong>${identity}</strong>`
    : html`<span class="tag bad">does not count</span> Was named <strong>${identity}</strong> (user ${userId}): ${reason}`;
  return html`<div class="why">${what} by an identify of ${source === 'server' ? 'a server' : `a client (${source})`}, received ${timeText(boundAt)}${time === boundAt ? nothing : html`, dated ${timeText(time)}`} <span class="quiet">log ${place.partition}/${place.offset}</span></div>`;
}

function properties(all: UserProfile['properties']): TemplateResult {
  if (all.length === 0) return html`<p class="quiet">None was set.</p>`;
  return html`<table class="dense">
    <thead><tr><th scope="col">Property</th><th scope="col">Value</th><th scope="col">Set</th></tr></thead>
    <tbody>${all.map(
      ({ name, value, time, source, replaced }) => html`<tr><th scope="row">${name}</th>
        <td>${valueText(value)}${replaced === null ? nothing : html`<div class="quiet">was ${valueText(replaced.value)}</div>`}</td>
        <td class="nowrap quiet">${timeText(time).slice(0, 16)}<div>${source}</div></td></tr>`,
    )}</tbody>
  </table>`;
}

function timeline({ timeline, visitCount }: UserAnswer): TemplateResult {
  if (timeline.length === 0) return html`<p class="quiet">No sessions and no events.</p>`;
  const latest = timeline.toReversed();
  return html`<ol class="timeline">${latest.map(
    ({ session, startedAtMs, endedAtMs, events }, index) => html`<li>
        <details ?open=${index < 3}>
          <summary><time datetime=${new Date(startedAtMs).toISOString()}>${timeText(startedAtMs).slice(0, 16)}</time>
            ${session === undefined ? 'Server events' : 'Session'} <span class="quiet">${[duration(endedAtMs - startedAtMs), `${events.length} events`, session?.platform, session?.landingPage].filter(Boolean).join(' · ')}</span></summary>
          <table class="dense events"><thead class="visually-hidden"><tr><th scope="col">Time</th><th scope="col">Event</th><th scope="col">Source and device</th></tr></thead><tbody>${events.map(
            (event) =>
              html`<tr><td class="time"><time datetime=${new Date(event.timeMs).toISOString()}>${new Date(event.timeMs).toISOString().slice(11, 19)}</time></td><td><strong>${event.name}</strong></td><td class="quiet">${event.source} · device ${event.deviceId}</td></tr>`,
          )}</tbody></table>
        </details>
      </li>`,
  )}</ol>
    ${visitCount > timeline.length ? html`<p class="quiet">The latest ${timeline.length} of ${visitCount}; <code>cairn user --timeline</code> has more.</p>` : nothing}`;
}
