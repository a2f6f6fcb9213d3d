import type { Cohort } from './cohort.ts';
import type { EventMatch } from './event-match.ts';
import { type PropertyRef, propertyKey } from './property-ref.ts';
import type { Question } from './questions.ts';

/** What a question names, each once. */
export type QuestionNames = {
  /** Names of events without which something that was asked for finds nothing. */
  readonly events: readonly string[];
  /** Properties but for fields, whose names are Cairn's own. */
  readonly properties: readonly PropertyRef[];
};

/**
 * Names of a question that must be known for its answer to mean something. Where an event may be one of several names, as what is
 * defined often is, some of them may be none yet.
 */
export function namesOf(question: Question): QuestionNames {
  const matches = [
    ...matchesOf(question),
    ...didOf(question.among),
    ...(question.ask === 'cohort' ? didOf(question.cohort) : []),
  ];
  const properties = [
    ...matches.flatMap(({ anyOf }) =>
      anyOf.flatMap(({ where = [] }) => where.map(({ property }) => property)),
    ),
    ...hasOf(question.among),
    ...(question.ask === 'cohort' ? hasOf(question.cohort) : []),
    ...ownProperties(question),
  ].filter(({ of }) => of !== 'field');
  return {
    events: [...new Set(matches.flatMap(needed))],
    properties: [...new Map(properties.map((property) => [propertyKey(property), property])).values()],
  };
}

function matchesOf(question: Question): readonly EventMatch[] {
  switch (question.ask) {
    case 'funnel':
      return [...question.steps, ...question.exclusions.map(({ event }) => event)];
    case 'retention':
      return [question.start, question.back];
    case 'paths':
      return [question.point, ...question.steps];
    case 'trend':
      return question.series.map(({ event }) => event);
    case 'accounts':
      return [question.event];
    case 'cohort':
    case 'sessions':
      return [];
  }
}

function ownProperties(question: Question): readonly PropertyRef[] {
  switch (question.ask) {
    case 'funnel':
      return question.by === undefined ? [] : [question.by.property];
    case 'trend':
      return [
        ...(question.by === undefined ? [] : [question.by]),
        ...question.series.flatMap(({ measure }) => ('property' in measure ? [measure.property] : [])),
      ];
    case 'retention':
    case 'sessions':
      return question.by === undefined ? [] : [question.by];
    case 'accounts':
      return question.show;
    case 'paths':
    case 'cohort':
      return [];
  }
}

function didOf(cohort: Cohort | undefined): readonly EventMatch[] {
  return (cohort?.rules ?? []).flatMap((rule) => ('did' in rule ? [rule.did] : []));
}

function hasOf(cohort: Cohort | undefined): readonly PropertyRef[] {
  return (cohort?.rules ?? []).flatMap((rule) => ('has' in rule ? [rule.has.property] : []));
}

function needed({ anyOf }: EventMatch): readonly string[] {
  const names = anyOf.flatMap((pattern) => pattern.names ?? []);
  return names.length === 1 && anyOf.length === 1 ? names : [];
}
