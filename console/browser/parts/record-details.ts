import { html, nothing, type TemplateResult } from 'lit';
import type { LiveRecord } from '../../core/live-filter.ts';
import { environment } from '../api.ts';
import { valueText } from '../format.ts';

/** Whom a record is about, as a link to their story. */
export function userLink(deviceId: number, identity: string): TemplateResult | typeof nothing {
  if (deviceId === 0 && identity === '') return nothing;
  const who = identity === '' ? String(deviceId) : identity;
  const query = new URLSearchParams({
    env: environment(),
    who,
    ...(identity === '' ? {} : { as: 'identity' }),
  });
  return html`<a href="/users?${query}">${who}</a>`;
}

/** Every field and property of a record. */
export function recordDetails({ fields, rejected, deviceId, identity, id, at }: LiveRecord): TemplateResult {
  const { properties = {}, ...rest } = fields;
  return html`<div class="columns">
    ${
      rejected === undefined
        ? nothing
        : list('Rejected', {
            stage: rejected.stage,
            code: rejected.code,
            reason: rejected.message,
            record: rejected.place,
          })
    }
    ${list('Properties', properties as Record<string, unknown>)}
    ${list('Fields', { ...(deviceId === 0 ? {} : { device_id: deviceId }), ...(identity === '' ? {} : { identity }), ...rest, received_at: at, record: id })}
  </div>`;
}

/** Names and values. */
export function list(title: string, values: Readonly<Record<string, unknown>>): TemplateResult {
  const entries = Object.entries(values);
  return html`<section>
    <h3>${title}</h3>
    ${
      entries.length === 0
        ? html`<p class="quiet">none</p>`
        : html`<dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${valueText(value)}</dd></div>`)}</dl>`
    }
  </section>`;
}
