import type { Cohort, CohortRule } from '../cohort.ts';
import type { EventMatch } from '../event-match.ts';
import type { PropertyRef } from '../property-ref.ts';
import type { FunnelQuestion, Measure, Question } from '../questions.ts';
import { writtenProperty } from './property-text.ts';
import { type Written, writtenCondition, writtenEvent } from './write-event.ts';

type Fields = { readonly [key: string]: Written };

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** A duration as it is read again, such as `1d12h`. */
export function writtenDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

/** The written form of a question, which parseQuestion reads as the same question: times as they are, definitions written out. */
export function writtenQuestion(question: Question): Fields {
  const { ask, database, fromMs, toMs, among } = question;
  return {
    ask,
    environment: database,
    ...range({ fromMs, toMs }),
    ...(among === undefined ? {} : { among: writtenCohort(among) }),
    ...ownFields(question),
  };
}

function ownFields(question: Question): Fields {
  switch (question.ask) {
    case 'funnel':
      return funnelFields(question);
    case 'retention':
      return {
        start: writtenEvent(question.start),
        return: writtenEvent(question.back),
        every: question.every,
        periods: question.periods,
        cohorts: question.cohorts,
        counts: typeof question.counts === 'string' ? question.counts : question.counts.brackets,
        subject: question.subject,
        ...byField(question.by),
        ...some('top', question.top),
      };
    case 'paths':
      return {
        point: writtenEvent(question.point),
        direction: question.direction,
        ...(question.steps.length === 0 ? {} : { steps: question.steps.map(writtenEvent) }),
        depth: question.depth,
        top: question.top,
        'one session': question.oneSession,
        ...within(question.withinMs),
        collapse: question.collapse,
      };
    case 'cohort':
      return { ...writtenCohort(question.cohort), list: question.list };
    case 'trend':
      return {
        series: question.series.map(({ event, measure }) =>
          withKeys(event, { measure: writtenMeasure(measure) }),
        ),
        every: question.every,
        ...some('formula', question.formula),
        ...byField(question.by),
        top: question.top,
      };
    case 'sessions':
      return { ...some('every', question.every), ...byField(question.by), ...some('top', question.top) };
    case 'accounts':
      return {
        event: writtenEvent(question.event),
        every: question.every,
        show: question.show.map(writtenProperty),
        top: question.top,
      };
  }
}

function funnelFields(question: FunnelQuestion): Fields {
  const { by } = question;
  return {
    steps: question.steps.map(writtenEvent),
    order: question.order,
    ...within(question.withinMs),
    'one session': question.oneSession,
    ...(question.exclusions.length === 0
      ? {}
      : {
          exclude: question.exclusions.map(({ event, after, before }) => withKeys(event, { after, before })),
        }),
    subject: question.subject,
    ...(by === undefined ? {} : { by: { property: writtenProperty(by.property), step: by.step } }),
    ...some('top', question.top),
    ...some('every', question.every),
    times: question.times,
    anchor: question.anchor,
  };
}

/** An event with some keys beside its own. */
function withKeys(event: EventMatch, keys: Fields): Written {
  const written = writtenEvent(event);
  if (typeof written === 'object') return { ...written, ...keys };
  return written === '*' ? keys : { event: written, ...keys };
}

function writtenCohort({ hold, rules }: Cohort): Fields {
  return { hold, rules: rules.map(writtenRule) };
}

function writtenRule(rule: CohortRule): Written {
  if ('has' in rule) return { has: writtenCondition(rule.has) };
  return {
    did: writtenEvent(rule.did),
    ...some('at least', rule.atLeast),
    ...some('at most', rule.atMost),
    ...range(rule),
  };
}

function writtenMeasure(measure: Measure): Written {
  return 'property' in measure ? `${measure.of} of ${writtenProperty(measure.property)}` : measure.of;
}

function byField(by: PropertyRef | undefined): Fields {
  return by === undefined ? {} : { by: writtenProperty(by) };
}

function within(withinMs: number | undefined): Fields {
  return withinMs === undefined ? {} : { within: writtenDuration(withinMs) };
}

function range({ fromMs, toMs }: { fromMs?: number | undefined; toMs?: number | undefined }): Fields {
  return { ...some('from', isoTime(fromMs)), ...some('to', isoTime(toMs)) };
}

function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function some(key: string, value: Written | undefined): Fields {
  return value === undefined ? {} : { [key]: value };
}
