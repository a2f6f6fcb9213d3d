import { html, nothing, type TemplateResult } from 'lit';
import type {
  EventCoverage,
  ProfileCoverage,
  PropertyCoverage,
  UnplannedEvent,
} from '#plans/core/coverage.ts';
import type { PlanAnswer } from '../../server/plan-route.ts';
import { ask } from '../api.ts';
import { ago, percent, thousands } from '../format.ts';
import { figure } from '../parts/figure.ts';
import { empty, loading, problem, show } from '../view.ts';

const STATES = {
  arrives: ['arrives', 'good'],
  malformed: ['malformed', 'bad'],
  missing: ['missing', 'mixed'],
  autocaptured: ['to define', ''],
} as const;
const MODES = {
  warn: 'what is not as planned is taken and counted',
  reject: 'what is not as planned is refused',
};
const STRANGERS = {
  allow: 'what is not in it is taken',
  warn: 'what is not in it is taken and counted',
  reject: 'what is not in it is refused',
};

let answer: PlanAnswer | undefined;
let failure: unknown;
const open = new Set<string>();
const now = Date.now();

function view(): TemplateResult {
  if (answer === undefined)
    return failure === undefined ? loading('Setting the plan beside what arrives') : problem(failure);
  if (answer.plan === null)
    return empty(
      'This environment has no tracking plan',
      html`Write one with <code>cairn plan init ecommerce</code> (or <code>saas</code>, <code>finance</code>), edit it, and name it in the environment’s options:
        <code>"plan": {"file": "plan.yaml", "mode": "warn"}</code>.`,
    );
  const { name, mode, unplanned, coverage } = answer.plan;
  const { totals, events, users, accounts, sessions } = coverage;
  return html`<p class="quiet">${name === '' ? 'The plan' : html`<strong>${name}</strong>`}: ${MODES[mode]}; ${STRANGERS[unplanned]}. In the last 30 days:</p>
    <div class="cards">
      ${figure(thousands(totals.planned), 'events planned')} ${figure(thousands(totals.arriving), 'arrive as planned', 'good')}
      ${figure(thousands(totals.malformed), 'malformed', totals.malformed > 0 ? 'bad' : '')} ${figure(thousands(totals.missing), 'missing', totals.missing > 0 ? 'warn' : '')}
      ${figure(thousands(totals.autocaptured), 'to define')} ${figure(thousands(totals.unplanned), 'arrive unplanned', totals.unplanned > 0 ? 'warn' : '')}
    </div>
    ${bar(totals)}
    <section aria-labelledby="events"><h2 id="events">Events</h2>
      <div class="scroll"><table class="dense">
        <thead><tr><th scope="col">Event</th><th scope="col">State</th><th scope="col" class="number">Events</th><th scope="col">Last seen</th><th scope="col" class="number">Properties</th><th scope="col">What to look at</th></tr></thead>
        ${events.map(row)}
      </table></div>
    </section>
    ${profile('Properties of users', 'users', users)} ${profile('Properties of accounts', 'accounts', accounts)} ${profile('Properties of sessions', 'sessions', sessions)}
    ${strangers(coverage.unplanned)}`;
}

/** How much of the plan is in which state, as one bar; the cards say the same in numbers. */
function bar({ planned, arriving, malformed, missing }: PlanTotals): TemplateResult {
  const part = (count: number, mood: string) => html`<span class=${mood} style="flex-grow:${count}"></span>`;
  return html`<div class="shares" aria-hidden="true">${part(arriving, 'good')}${part(malformed, 'bad')}${part(missing, 'warn')}${part(planned - arriving - malformed - missing, '')}</div>`;
}

type PlanTotals = NonNullable<PlanAnswer['plan']>['coverage']['totals'];

function row(event: EventCoverage): TemplateResult {
  const { name, status, events, lastAt, properties } = event;
  const [state, mood] = STATES[status];
  const isOpen = open.has(name);
  const arriving = properties.filter(({ count }) => count > 0).length;
  return html`<tbody><tr>
      <th scope="row"><button type="button" class="expand" aria-expanded=${isOpen} aria-label="Properties of ${name}" @click=${() => toggle(name)}>${isOpen ? '▾' : '▸'}</button>${name}</th>
      <td><span class="tag ${mood}">${state}</span></td><td class="number">${thousands(events)}</td>
      <td class="nowrap">${lastAt === null ? '–' : ago(lastAt, now)}</td><td class="number">${arriving} of ${properties.length}</td>
      <td class="quiet">${remarks(event)}</td>
    </tr>${isOpen ? html`<tr class="more"><td colspan="6">${propertyTable(properties, events)}${alsoHas(event)}</td></tr>` : nothing}</tbody>`;
}

function toggle(name: string): void {
  if (!open.delete(name)) open.add(name);
  update();
}

function remarks({ status, near, wrongSender, from, events, properties, owner }: EventCoverage): string {
  const wrong = properties
    .filter((one) => one.count > 0 && one.status === 'malformed')
    .map(({ name }) => name);
  const lacking =
    events === 0
      ? []
      : properties.filter(({ required, count }) => required && count < events).map(({ name }) => name);
  return [
    status === 'missing' && near.length > 0 ? `perhaps sent as ${near.join(', ')}` : '',
    wrongSender > 0 ? `${thousands(wrongSender)} not from the ${from}` : '',
    wrong.length > 0 ? `wrong values of ${wrong.join(', ')}` : '',
    lacking.length > 0 ? `lacks ${lacking.join(', ')}` : '',
    owner === '' ? '' : `owner ${owner}`,
  ]
    .filter((text) => text !== '')
    .join('; ');
}

function propertyTable(properties: readonly PropertyCoverage[], whole: number): TemplateResult {
  if (properties.length === 0) return html`<p class="quiet">The plan names no properties.</p>`;
  return html`<table class="dense inner">
    <thead><tr><th scope="col">Property</th><th scope="col">State</th><th scope="col">Wanted</th><th scope="col" class="number">On</th><th scope="col" class="number">Wrong</th><th scope="col">Such as</th></tr></thead>
    <tbody>${properties.map(
      ({ name, status, wanted, required, count, share, wrongType, wrongValue, examples, near }) => {
        const [state, mood] = STATES[status];
        return html`<tr><th scope="row">${name}${required ? html` <span class="tag">required</span>` : nothing}</th>
        <td><span class="tag ${mood}">${state}</span></td><td>${wanted}</td><td class="number">${whole === 0 && count === 0 ? '–' : percent(share, 1)}</td>
        <td class="number">${wrongType + wrongValue === 0 ? '–' : thousands(wrongType + wrongValue)}</td>
        <td class="quiet">${examples.length > 0 ? examples.map((one) => JSON.stringify(one)).join(', ') : near.length > 0 ? `perhaps sent as ${near.join(', ')}` : ''}</td></tr>`;
      },
    )}</tbody>
  </table>`;
}

function alsoHas({ unplanned }: Pick<EventCoverage, 'unplanned'>): TemplateResult | typeof nothing {
  if (unplanned.length === 0) return nothing;
  return html`<p class="quiet also">Also arrives, and is not planned: ${unplanned.map(({ name, count }) => html`<span class="pair">${name} ${thousands(count)}</span>`)}</p>`;
}

function profile(
  title: string,
  id: string,
  { properties, unplanned }: ProfileCoverage,
): TemplateResult | typeof nothing {
  if (properties.length === 0) return nothing;
  return html`<section aria-labelledby=${id}><h2 id=${id}>${title}</h2><div class="scroll">${propertyTable(properties, 1)}</div>${alsoHas({ unplanned })}</section>`;
}

function strangers(unplanned: readonly UnplannedEvent[]): TemplateResult {
  return html`<section aria-labelledby="strangers"><h2 id="strangers">Arrives and is not in the plan</h2>
    ${
      unplanned.length === 0
        ? html`<p class="quiet">Nothing.</p>`
        : html`<div class="scroll"><table class="dense">
            <thead><tr><th scope="col">Event</th><th scope="col" class="number">Events</th><th scope="col">Last seen</th><th scope="col">Perhaps meant</th></tr></thead>
            <tbody>${unplanned.map(({ name, events, lastAt, near }) => html`<tr><th scope="row">${name}</th><td class="number">${thousands(events)}</td><td class="nowrap">${ago(lastAt, now)}</td><td class="quiet">${near.join(', ')}</td></tr>`)}</tbody>
          </table></div>`
    }
  </section>`;
}

const update = show(view);
try {
  answer = await ask<PlanAnswer>('plan');
} catch (error) {
  failure = error;
}
update();
