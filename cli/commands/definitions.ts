import { type Environment, loadEnvironments } from '#lib/config/environments.ts';
import { didYouMean } from '#lib/near-names.ts';
import { definitionProblemText } from '#queries/definitions/definition.ts';
import { planDefinitions } from '#queries/definitions/definition-plan.ts';
import type { DefinitionSet } from '#queries/definitions/definition-set.ts';
import { type Context, defineCommand, JSON_OPTION } from '../command.ts';
import { carryOut, checkPlace, readApplied, readViews } from '../definitions/applied.ts';
import { checkPatterns, dataProblems } from '../definitions/data-problems.ts';
import { DEFAULT_DIRECTORY, loadDefinitions, loadGoodDefinitions } from '../definitions/load-definitions.ts';
import { definitionJson, renderList, renderPlan } from '../definitions/render-definitions.ts';
import { findDefinition, showApplied, showDefinition } from '../definitions/show-definition.ts';
import { ENVIRONMENT_OPTION, environmentOf, withClickHouse } from '../question.ts';
import { readStackSettings } from '../stack-settings.ts';
import { readTimeRange } from '../time-range.ts';
import { CommandError, UsageError } from '../usage-error.ts';

const ACTIONS = ['check', 'list', 'show', 'apply', 'diff'] as const;

type Values = {
  readonly dir: string | undefined;
  readonly env: string | undefined;
  readonly at: string | undefined;
  readonly json: boolean;
  readonly strict: boolean;
  readonly 'against-data': boolean;
  readonly 'dry-run': boolean;
};

export const definitions = defineCommand({
  usage: 'check [DIR]|list|show NAME|apply|diff [--dir DIR] [--env NAME] [--json]',
  about: `Events that are defined in files over what was captured: virtual events (a selector, a page, a text), combos of others,
and labels of raw events, each with category, owner and description (docs/DEFINITIONS.md). They count what happened before
they were written, too. check reads the files and says what is wrong with them or against their convention, and with
--against-data what matches nothing and which names hide an event that is sent. list names them. show tells what one stands
for, how often it happened in the last week, and its SQL; with --at what it meant then. apply gives each a view in the database
ENVIRONMENT_definitions, removes views of those that are gone, and notes every change down; diff says what apply would do.
Questions name a definition as @NAME.`,
  options: {
    dir: { type: 'string', value: 'DIR', doc: `directory of the definitions (${DEFAULT_DIRECTORY})` },
    'against-data': { type: 'boolean', doc: 'check: also look at the events that there are' },
    strict: { type: 'boolean', doc: 'check: fail on warnings too' },
    'dry-run': { type: 'boolean', doc: 'apply: say what would be done, and do nothing' },
    at: { type: 'string', value: 'T', doc: 'show: as it was applied at this time (UTC), such as 2026-03-01' },
    ...ENVIRONMENT_OPTION,
    ...JSON_OPTION,
  },
  maxArguments: 2,
  examples: [
    ['definitions check', 'whether the files are right; for CI'],
    ['definitions check --against-data --strict', 'and whether all of them still match something'],
    ["definitions show 'Checkout Clicked'", 'what it stands for and counts'],
    ["definitions show 'Checkout Clicked' --at 2026-03-01", 'what it meant in March'],
    ['definitions apply --dry-run', 'which views would be made, changed or removed'],
    ["funnel --step '@Checkout Clicked' --step Purchase", 'a question with a definition'],
  ],
  async run(values, [action, argument], context) {
    if (action === undefined || !ACTIONS.some((known) => known === action)) {
      throw new UsageError(
        `Unknown action ${JSON.stringify(action ?? '')}${didYouMean(action ?? '', ACTIONS)}; actions are ${ACTIONS.join(', ')}`,
      );
    }
    if (argument !== undefined && action !== 'show' && action !== 'check') {
      throw new UsageError(`Unexpected argument ${JSON.stringify(argument)}`);
    }
    const directory = (action === 'check' ? argument : undefined) ?? values.dir ?? DEFAULT_DIRECTORY;
    const answer = (document: object, text: string) =>
      context.stdout.write(values.json ? `${JSON.stringify(document)}\n` : text);
    switch (action) {
      case 'check':
        return check(directory, values, context, answer);
      case 'list': {
        const set = loadGoodDefinitions(directory);
        answer({ definitions: set.definitions.map(definitionJson) }, renderList(set.definitions));
        return 0;
      }
      case 'show':
        return show(argument, directory, values, context, answer);
      default:
        return apply(
          loadGoodDefinitions(directory),
          action === 'apply' && !values['dry-run'],
          values,
          context,
          answer,
        );
    }
  },
});

type Answer = (document: object, text: string) => void;

async function check(directory: string, values: Values, context: Context, answer: Answer): Promise<number> {
  const set = loadDefinitions(directory);
  const environment = values['against-data'] ? environmentOf(context, values.env) : undefined;
  const ofData =
    environment === undefined
      ? []
      : await withClickHouse(context, async (clickhouse) => {
          await checkPlace(clickhouse, environment, environmentsOf(context));
          await checkPatterns(clickhouse, set);
          return dataProblems(clickhouse, environment.number, set, Date.now());
        });
  const problems = [...set.problems, ...ofData];
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const lines = problems.map((problem) => `${definitionProblemText(problem)}\n`).join('');
  answer(
    { definitions: set.definitions.length, errors, warnings, problems },
    `${lines}${set.definitions.length} definitions, ${errors} errors, ${warnings} warnings\n`,
  );
  return errors > 0 || (values.strict && warnings > 0) ? 1 : 0;
}

async function show(
  name: string | undefined,
  directory: string,
  values: Values,
  context: Context,
  answer: Answer,
): Promise<number> {
  if (name === undefined) throw new UsageError('A name is missing: give that of a definition');
  const environment = environmentOf(context, values.env);
  const atMs = momentOf(values.at);
  const event = atMs === undefined ? findDefinition(loadGoodDefinitions(directory), name) : undefined;
  return withClickHouse(context, async (clickhouse) => {
    await checkPlace(clickhouse, environment, environmentsOf(context));
    const { document, text } =
      event === undefined
        ? await showApplied(clickhouse, environment, name, atMs ?? 0)
        : await showDefinition(clickhouse, environment, event, Date.now());
    answer(document, text);
    return 0;
  });
}

async function apply(
  set: DefinitionSet,
  isMeant: boolean,
  values: Values,
  context: Context,
  answer: Answer,
): Promise<number> {
  const environment = environmentOf(context, values.env);
  return withClickHouse(context, async (clickhouse) => {
    await checkPlace(clickhouse, environment, environmentsOf(context));
    await checkPatterns(clickhouse, set);
    const plan = planDefinitions(
      environment,
      set.events,
      await readApplied(clickhouse, environment),
      await readViews(clickhouse, environment),
    );
    if (plan.problems.length > 0) throw new CommandError(plan.problems.join('\n'));
    if (isMeant) await carryOut(clickhouse, environment, plan);
    answer({ applied: isMeant, changes: plan.changes, unchanged: plan.unchanged }, renderPlan(plan, isMeant));
    return 0;
  });
}

function momentOf(at: string | undefined): number | undefined {
  try {
    return readTimeRange({ from: at, to: undefined }).fromMs;
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message.replace('--from', '--at')) : error;
  }
}

function environmentsOf({ env }: Context): readonly Environment[] {
  return loadEnvironments(readStackSettings(env).CAIRN_ENVIRONMENTS);
}
