import { ANY_EVENT } from '../event-match.ts';
import { MAX_EXCLUSIONS, MAX_STEPS } from '../funnel.ts';
import { type QuestionScope, SUBJECTS } from '../question-scope.ts';
import { type FunnelQuestion, type PathsQuestion, PERIODS } from '../questions.ts';
import type { Place } from './place.ts';
import { readProperty } from './property-text.ts';
import { type Definitions, readEvent, readEventWith } from './read-event.ts';
import { type Read, readChoice, readDuration, readFlag, readList, readTop, readWhole } from './read-value.ts';
import { WrittenObject } from './written-object.ts';

/** Steps a path may have. */
const MOST_DEPTH = 10;
const MOST_PATHS = 1000;

export const FUNNEL_KEYS = [
  'steps',
  'order',
  'within',
  'one session',
  'exclude',
  'subject',
  'by',
  'top',
  'every',
  'times',
  'anchor',
];

/** What a written funnel asks; without steps where it has noted a problem. */
export function readFunnel(
  written: WrittenObject,
  scope: QuestionScope,
  definitions: Definitions,
): FunnelQuestion {
  const steps =
    written.required('steps', readList(readEvent(definitions), 1, MAX_STEPS), 'a list of events') ?? [];
  return {
    ...scope,
    steps,
    order: written.or('order', readChoice(['later', 'next', 'any']), 'later'),
    ...written.some('within', readDuration, 'withinMs'),
    oneSession: written.or('one session', readFlag, false),
    exclusions: written.or(
      'exclude',
      readList(readExclusion(definitions, steps.length), 0, MAX_EXCLUSIONS),
      [],
    ),
    subject: written.or('subject', readChoice(SUBJECTS), 'user'),
    ...written.some('by', readBy(steps.length), 'by'),
    ...written.some('top', readTop, 'top'),
    ...written.some('every', readChoice(PERIODS), 'every'),
    times: written.or('times', readFlag, false),
    anchor: written.or('anchor', readChoice(['any', 'first']), 'any'),
  };
}

/** An event, anywhere between the first and the last step or between two others: `{ event: Refund, after: 1, before: 2 }`. */
function readExclusion(definitions: Definitions, steps: number): Read<FunnelQuestion['exclusions'][number]> {
  return (value, place) => {
    const event = readEventWith(definitions, value, place, ['after', 'before']);
    const written =
      typeof value === 'object' && value !== null
        ? WrittenObject.read({ ...value }, place, Object.keys(value), 'an exclusion')
        : undefined;
    const last = Math.max(2, steps);
    const after = written?.or('after', readWhole(1, last - 1), 1) ?? 1;
    const before = written?.or('before', readWhole(2, last), last) ?? last;
    if (steps === 1) return place.refuse('there is nothing between the steps of a funnel of one step');
    if (after >= before)
      return place.refuse(`want after below before, current values are ${after} and ${before}`);
    return event && { event, after, before };
  };
}

/** A property of the first step, or of another: `{ property: plan, step: 2 }`. */
function readBy(steps: number): Read<NonNullable<FunnelQuestion['by']>> {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || 'of' in value)
      return ofStep(readProperty(value, place), 1);
    const written = WrittenObject.read(
      value,
      place,
      ['property', 'step'],
      'a property, or property and step',
    );
    const property = written?.required('property', readProperty, 'a property such as plan or user.plan');
    return ofStep(property, written?.or('step', readWhole(1, Math.max(1, steps)), 1) ?? 1);
  };
}

function ofStep(property: NonNullable<FunnelQuestion['by']>['property'] | undefined, step: number) {
  return property && { property, step };
}

export const PATHS_KEYS = [
  'point',
  'direction',
  'steps',
  'depth',
  'top',
  'one session',
  'within',
  'collapse',
];

/** What written paths ask. */
export function readPaths(
  written: WrittenObject,
  scope: QuestionScope,
  definitions: Definitions,
): PathsQuestion {
  return {
    ...scope,
    point:
      written.required('point', readEvent(definitions), 'the event where paths begin or end') ?? ANY_EVENT,
    direction: written.or('direction', readChoice(['after', 'before']), 'after'),
    steps: written.or('steps', readList(readEvent(definitions), 0, MAX_STEPS), []),
    depth: written.or('depth', readWhole(1, MOST_DEPTH), 3),
    top: written.or('top', readWhole(1, MOST_PATHS), 20),
    oneSession: written.or('one session', readFlag, true),
    ...written.some('within', readDuration, 'withinMs'),
    collapse: written.or('collapse', readFlag, false),
  };
}

/** A warning about a time between events that no two events of the range can be apart; undefined where there is none. */
export function longWindow(
  {
    withinMs,
    fromMs,
    toMs,
  }: { withinMs?: number | undefined; fromMs?: number | undefined; toMs?: number | undefined },
  nowMs: number,
  place: Place,
): void {
  if (withinMs === undefined || fromMs === undefined) return;
  const rangeMs = (toMs ?? nowMs) - fromMs;
  if (withinMs > rangeMs)
    place.at('within').refuse('longer than the range: every event of the range is within it');
}
