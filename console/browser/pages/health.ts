import { html, nothing, type TemplateResult } from 'lit';
import type { DeadLetters, PipelineStatus, StageStatus } from '../../ports.ts';
import { ask } from '../api.ts';
import { ago, duration, thousands } from '../format.ts';
import { figure } from '../parts/figure.ts';
import { empty, loading, problem, show } from '../view.ts';

const LOOK_EVERY_MS = 5000;

let status: PipelineStatus | undefined;
let letters: DeadLetters | undefined;
let failure: unknown;
let lettersFailure: unknown;
/** Records per second at the last looks, the latest last. */
let rates: readonly number[] = [];

function view(): TemplateResult {
  if (status === undefined)
    return failure === undefined ? loading('Looking at the pipeline') : problem(failure);
  const lag = status.services.reduce((sum, one) => sum + one.lag, 0);
  return html`${failure === undefined ? nothing : problem(failure)}
    <div class="cards">
      ${figure(status.ready ? 'Ready' : 'Not ready', 'pipeline', status.ready ? 'good' : 'bad')}
      ${figure(`${status.collectedPerSecond}`, 'records a second, over a minute')} ${figure(thousands(lag), 'records behind')}
      ${figure(thousands(status.deadLetters), 'rejected', status.deadLetters > 0 ? 'warn' : '')}
      ${figure(`${status.generation}`, 'generation')} ${figure(`${status.partitions}`, 'partitions')}
    </div>
    <section aria-labelledby="services"><h2 id="services">Services</h2>${services(status)}</section>
    <section aria-labelledby="lag"><h2 id="lag">Lag by partition</h2>${lags(status)}</section>
    <section aria-labelledby="letters"><h2 id="letters">Dead letters</h2>${deadLetters()}</section>`;
}

function services({ services, kafka, clickhouse, generation }: PipelineStatus): TemplateResult {
  const server = (name: string, one: PipelineStatus['kafka']) => html`<tr>
    <th scope="row">${name}</th><td>${state(one.ready, one.ready ? '' : 'does not answer')}</td><td></td><td></td><td></td><td></td><td class="quiet">${one.address}</td>
  </tr>`;
  return html`<div class="scroll"><table class="dense">
    <thead><tr><th scope="col">Service</th><th scope="col">State</th><th scope="col" class="number">Behind</th><th scope="col" class="number">Oldest</th><th scope="col" class="number">Rejected</th><th scope="col" class="number">Restarts</th><th scope="col">Address</th></tr></thead>
    <tbody>
      ${services.map(
        (one) => html`<tr>
          <th scope="row">${one.name}${one.generation === generation ? nothing : html` <span class="tag">g${one.generation}</span>`}</th>
          <td>${state(one.ready, one.reason)}</td>
          <td class="number">${isStage(one) ? thousands(one.lag) : '–'}</td>
          <td class="number">${one.oldestAgeMs === null ? '–' : duration(one.oldestAgeMs)}</td>
          <td class="number">${isStage(one) ? thousands(one.deadLetters) : '–'}</td>
          <td class="number">${one.restarts}</td><td></td>
        </tr>`,
      )}
      ${server('Kafka', kafka)} ${server('ClickHouse', clickhouse)}
    </tbody>
  </table></div>`;
}

const isStage = ({ inputs }: StageStatus) => inputs.length > 0;

function state(isReady: boolean, reason: string): TemplateResult {
  return html`<span class="dot ${isReady ? 'open' : 'lost'}" aria-hidden="true"></span>${isReady ? 'ready' : reason}`;
}

function lags({ services }: PipelineStatus): TemplateResult {
  const stages = services.filter(isStage);
  if (stages.length === 0) return html`<p class="quiet">No stage has read anything yet.</p>`;
  const partitions = [
    ...new Set(stages.flatMap(({ inputs }) => inputs.map(({ partition }) => partition))),
  ].sort((a, b) => a - b);
  const rows = stages.flatMap((stage) =>
    [...Map.groupBy(stage.inputs, ({ topic }) => topic)].map(([topic, inputs]) => ({ stage, topic, inputs })),
  );
  return html`<div class="scroll"><table class="dense">
    <thead><tr><th scope="col">Stage</th><th scope="col">Reads</th>${partitions.map((one) => html`<th scope="col" class="number">${one}</th>`)}<th scope="col" class="number">All</th></tr></thead>
    <tbody>${rows.map(
      ({ stage, topic, inputs }) => html`<tr><th scope="row">${stage.name}</th><td class="quiet">${topic}</td>
        ${partitions.map((partition) => {
          const input = inputs.find((one) => one.partition === partition);
          return html`<td class="number" title=${input === undefined ? '' : `${thousands(input.committed)} of ${thousands(input.end)}`}>${input === undefined ? '–' : thousands(input.lag)}</td>`;
        })}
        <td class="number"><strong>${thousands(inputs.reduce((sum, { lag }) => sum + lag, 0))}</strong></td></tr>`,
    )}</tbody>
  </table></div>`;
}

function deadLetters(): TemplateResult {
  if (letters === undefined)
    return lettersFailure === undefined ? loading('Reading dead letters') : problem(lettersFailure);
  if (letters.reasons.length === 0)
    return empty(
      'None',
      'Every record of the log was taken. What a stage cannot use would be listed here, with the reason.',
    );
  const now = Date.now();
  return html`<div class="scroll"><table class="dense">
    <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Records</th><th scope="col">Stage</th><th scope="col">Latest</th><th scope="col">What it means, and what to do</th></tr></thead>
    <tbody>${letters.reasons.map(
      ({ code, count, stage, lastAtMs, example, means, todo }) => html`<tr>
        <th scope="row"><span class="tag bad">${code}</span></th><td class="number">${thousands(count)}</td><td>${stage}</td>
        <td class="nowrap">${ago(lastAtMs, now)}</td>
        <td>${means} ${todo}<div class="quiet">${example.message} · ${example.place} · <code>cairn dead-letters show ${example.id}</code></div></td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

async function look(): Promise<void> {
  try {
    status = await ask<PipelineStatus>('health');
    rates = [...rates, status.collectedPerSecond].slice(-60);
    failure = undefined;
  } catch (error) {
    failure = error;
  }
  update();
  ask<DeadLetters>('dead-letters').then(
    (answer) => {
      letters = answer;
      lettersFailure = undefined;
      update();
    },
    (error: unknown) => {
      lettersFailure = error;
      update();
    },
  );
  setTimeout(look, LOOK_EVERY_MS);
}

const update = show(view);
await look();
