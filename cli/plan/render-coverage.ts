import { printable, shownText } from '#lib/shown-text.ts';
import type { Coverage, EventCoverage, ProfileCoverage, PropertyCoverage } from '#plans/core/coverage.ts';
import { percent, renderTable, thousands } from '../table.ts';

const MOST_UNPLANNED = 20;

const SIGNS = {
  arrives: 'ok',
  malformed: 'malformed',
  missing: 'missing',
  autocaptured: 'to define',
} as const;

/** A plan's coverage as tables, and a list of what to look at. */
export function renderCoverage(coverage: Coverage, planName: string): string {
  const { totals, events, unplanned, users, accounts, sessions } = coverage;
  const head = `${planName || 'The plan'}: ${totals.planned} events planned; ${totals.arriving} arrive as planned, ${totals.malformed} malformed, ${totals.missing} missing, ${totals.autocaptured} to define over what is captured; ${totals.unplanned} arrive unplanned\n`;
  const table = renderTable(
    [
      { title: 'event' },
      { title: 'state' },
      { title: 'events', right: true },
      { title: 'last seen' },
      { title: 'properties', right: true },
    ],
    events.map(({ name, status, events, lastAt, properties }) => [
      shownText(name),
      SIGNS[status],
      thousands(events),
      lastAt === null ? '-' : new Date(lastAt).toISOString().slice(0, 16),
      `${properties.filter(({ count }) => count > 0).length} of ${properties.length}`,
    ]),
  );
  const sections = [
    section(
      'To look at',
      events.flatMap((event) => [...eventLines(event)]),
    ),
    ...(
      [
        ['User', users],
        ['Account', accounts],
        ['Session', sessions],
      ] as const
    ).map(([title, profile]) => section(`${title} properties`, [...profileLines(profile)])),
    section('Arrives and is not in the plan', [
      ...unplanned
        .slice(0, MOST_UNPLANNED)
        .map(({ name, events, near }) => `${name} (${thousands(events)})${meant(near)}`),
      ...(unplanned.length > MOST_UNPLANNED ? [`and ${unplanned.length - MOST_UNPLANNED} more: --json`] : []),
    ]),
  ];
  return [head, table, ...sections.filter((text) => text !== '')].join('\n');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${printable(line)}\n`).join('')}`;
}

function* eventLines(event: EventCoverage): Generator<string> {
  const { name, status, events, from, wrongSender, near, properties, unplanned } = event;
  if (status === 'missing') yield `${name}: never arrives${meant(near)}`;
  if (wrongSender > 0)
    yield `${name}: ${thousands(wrongSender)} of ${thousands(events)} not from the ${from}`;
  if (events === 0) return;
  for (const property of properties) yield* propertyLines(property, `${name}, ${property.name}`, events);
  const absent = properties.filter(({ count, required }) => count === 0 && !required);
  if (absent.length > 0) {
    const listed = absent.map(({ name, near }) => `${name}${meant(near)}`);
    yield `${name}: never has ${listed.join(', ')}`;
  }
  if (unplanned.length > 0) {
    const listed = unplanned.slice(0, MOST_UNPLANNED).map(({ name, near }) => `${name}${meant(near)}`);
    yield `${name}: also has ${listed.join(', ')}, which is not planned`;
  }
}

function* propertyLines(property: PropertyCoverage, title: string, whole: number): Generator<string> {
  const { wanted, required, count, wrongType, wrongValue, examples, near } = property;
  if (wrongType + wrongValue > 0) {
    const values = examples.map((example) => JSON.stringify(example)).join(', ');
    yield `${title}: ${thousands(wrongType + wrongValue)} of ${thousands(count)} are not ${wanted}, such as ${values}`;
  }
  if (required && count < whole)
    yield `${title}: required, and missing in ${thousands(whole - count)} of ${thousands(whole)}${meant(near)}`;
}

function* profileLines({ properties, unplanned }: ProfileCoverage): Generator<string> {
  for (const property of properties) {
    const { name, count, share, near } = property;
    if (count === 0) yield `${name}: never arrives${meant(near)}`;
    else yield `${name}: ${thousands(count)} (${percent(share, 1)})`;
    yield* propertyLines({ ...property, required: false, near: [] }, name, 0).filter(() => count > 0);
  }
  for (const { name, count, near } of unplanned.slice(0, MOST_UNPLANNED))
    yield `${name}: ${thousands(count)}, not in the plan${meant(near)}`;
}

function meant(near: readonly string[]): string {
  return near.length === 0 ? '' : ` (is it ${near.join(', ')}?)`;
}
