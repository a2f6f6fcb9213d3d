import { LineCounter, type Node, parseDocument } from 'yaml';
import { NAMINGS, type Plan, type PlannedEvent, SENDERS } from './core/plan.ts';
import { type Fields, PlanFields } from './plan-fields.ts';
import { readProperties } from './read-property.ts';

/** What a plan file says, or everything that is wrong with it, each as `file:line: problem`. */
export type ReadPlan = { readonly plan: Plan } | { readonly problems: readonly string[] };

/** Largest plan file. */
export const MAX_PLAN_LENGTH = 1_000_000;

const PLAN_VERSION = 1;
const MOST_EVENTS = 1000;
/** Longest name that the collector takes whole. */
const LONGEST_NAME = 1024;

/** Reads a plan file's text. `file` is what messages call it. Never throws. */
export function readPlan(text: string, file: string): ReadPlan {
  const problems: string[] = [];
  if (text.length > MAX_PLAN_LENGTH) {
    return {
      problems: [
        `${file}:1: Cannot read the plan: it has ${text.length} characters, the most is ${MAX_PLAN_LENGTH}`,
      ],
    };
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    uniqueKeys: false,
    prettyErrors: false,
    version: '1.2',
  });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  for (const { pos, message } of document.errors) problems.push(`${file}:${lineAt(pos[0])}: ${message}`);
  if (problems.length > 0) return { problems };
  const fields = new PlanFields(
    (node, problem) => problems.push(`${file}:${lineOf(node)}: ${problem}`),
    lineOf,
  );
  const plan = readRoot(document.contents, fields);
  return problems.length > 0 ? { problems } : { plan };

  function lineOf(node: Node | null): number {
    return node?.range == null ? 1 : lineAt(node.range[0]);
  }
}

const ROOT_FIELDS = [
  'plan',
  'name',
  'source',
  'naming',
  'events',
  'event properties',
  'pageview properties',
  'user properties',
  'account properties',
  'session properties',
];

function readRoot(contents: Node | null, fields: PlanFields): Plan {
  const root = fields.map(contents, 'a plan', ROOT_FIELDS);
  const version = fields.value(root, 'plan');
  if (version !== PLAN_VERSION)
    fields.problem(
      root.nodes.get('plan') ?? contents,
      `want plan: ${PLAN_VERSION}, current value is ${JSON.stringify(version)}`,
    );
  const naming = fields.map(root.nodes.get('naming') ?? null, 'naming', ['events', 'properties']);
  const list = (field: string, hasRequired: boolean) =>
    readProperties(root.nodes.get(field) ?? null, field, { hasRequired }, fields);
  return {
    name: fields.text(root, 'name'),
    source: fields.text(root, 'source'),
    naming: {
      events: fields.oneOf(naming, 'events', NAMINGS, 'any'),
      properties: fields.oneOf(naming, 'properties', NAMINGS, 'any'),
    },
    events: readEvents(root.nodes.get('events') ?? null, fields),
    eventProperties: list('event properties', true),
    pageviewProperties: list('pageview properties', true),
    userProperties: list('user properties', false),
    accountProperties: list('account properties', false),
    sessionProperties: list('session properties', false),
  };
}

const EVENT_FIELDS = ['description', 'trigger', 'owner', 'category', 'from', 'autocaptured', 'properties'];

function readEvents(node: Node | null, fields: PlanFields): readonly PlannedEvent[] {
  const entries = fields.entries(node, 'events', LONGEST_NAME);
  if (entries.length > MOST_EVENTS)
    fields.problem(node, `events: want at most ${MOST_EVENTS}, current number is ${entries.length}`);
  return entries.map(({ name, value, line }) => {
    const event: Fields = fields.map(value, `event ${JSON.stringify(name)}`, EVENT_FIELDS);
    return {
      name,
      description: fields.text(event, 'description'),
      trigger: fields.text(event, 'trigger'),
      owner: fields.text(event, 'owner'),
      category: fields.text(event, 'category'),
      from: fields.oneOf(event, 'from', SENDERS, 'either'),
      autocaptured: fields.boolean(event, 'autocaptured'),
      properties: readProperties(
        event.nodes.get('properties') ?? null,
        `event ${JSON.stringify(name)}, properties`,
        { hasRequired: true },
        fields,
      ),
      line,
    };
  });
}
