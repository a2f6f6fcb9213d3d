import { didYouMean } from '#lib/near-names.ts';
import { coverage } from '#plans/core/coverage.ts';
import { planAdvice } from '#plans/core/plan-advice.ts';
import { INDUSTRIES, industryPlanText } from '#plans/industries.ts';
import { LANGUAGES, typesCode } from '#plans/types-code.ts';
import { askWithin } from '#queries/ask-clickhouse.ts';
import { observePlan } from '#queries/observe-plan.ts';
import { type Context, defineCommand, JSON_OPTION } from '../command.ts';
import { readPlanFile } from '../plan/read-plan-file.ts';
import { renderCoverage } from '../plan/render-coverage.ts';
import { writeOutput } from '../plan/write-output.ts';
import { ENVIRONMENT_OPTION, environmentOf, withClickHouse } from '../question.ts';
import { limitsFor } from '../questions/ask-question.ts';
import { RANGE_OPTIONS, readTimeRange } from '../time-range.ts';
import { UsageError } from '../usage-error.ts';

const ACTIONS = ['init', 'check', 'coverage', 'types'] as const;
const DEFAULT_FILE = 'plan.yaml';

type Wishes = {
  readonly output: string | undefined;
  readonly force: boolean;
  readonly language: string | undefined;
  readonly plan: string | undefined;
  readonly env: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly json: boolean;
};

export const plan = defineCommand({
  usage: `init ${INDUSTRIES.join('|')}|check FILE|coverage [--plan FILE]|types FILE [--output FILE] [--language ts|js]`,
  about: `A tracking plan: which events and properties are meant to be sent. init writes an industry's plan as a file to
edit. check says what is wrong with a plan file, and what looks like a slip. coverage sets what the plan expects
beside what arrives: how much, since when, what is malformed, what nobody planned. types writes typed client code, so
that a wrong property does not compile. The option plan of an environment has the collector hold events to a plan;
coverage takes its file where --plan is left out.`,
  options: {
    output: {
      type: 'string',
      value: 'FILE',
      doc: `init: file to write (${DEFAULT_FILE}); types: instead of stdout`,
    },
    force: { type: 'boolean', doc: 'replace a file that is there' },
    language: {
      type: 'string',
      value: 'ts|js',
      doc: 'types: TypeScript, or JavaScript with JSDoc types (ts)',
    },
    plan: { type: 'string', value: 'FILE', doc: "coverage: plan file, instead of the environment's" },
    ...RANGE_OPTIONS,
    ...ENVIRONMENT_OPTION,
    ...JSON_OPTION,
  },
  maxArguments: 2,
  examples: [
    ['plan init saas --output plan.yaml', 'a plan to start from'],
    ['plan check plan.yaml', 'is it well written?'],
    ['plan coverage --plan plan.yaml --from -30d', 'what of it arrived in the last 30 days, and how well'],
    ['plan types plan.yaml --output src/events.ts', 'a client that knows the plan'],
  ],
  async run(values, [action, subject], context) {
    switch (action) {
      case 'init':
        return init(subject, values, context);
      case 'check':
        return check(fileOf(action, subject), values, context);
      case 'types':
        return types(fileOf(action, subject), values, context);
      case 'coverage':
        if (subject !== undefined)
          throw new UsageError('coverage takes no argument: give the file with --plan');
        return showCoverage(values, context);
      default:
        throw new UsageError(
          action === undefined
            ? `An action is missing: ${ACTIONS.join(', ')}`
            : `Unknown action ${JSON.stringify(action)}${didYouMean(action, ACTIONS)}: want ${ACTIONS.join(', ')}`,
        );
    }
  },
});

function fileOf(action: string, subject: string | undefined): string {
  if (subject === undefined) throw new UsageError(`A plan file is missing: cairn plan ${action} FILE`);
  return subject;
}

function init(
  name: string | undefined,
  { output = DEFAULT_FILE, force, json }: Wishes,
  context: Context,
): number {
  const industry = INDUSTRIES.find((one) => one === name);
  if (industry === undefined) {
    throw new UsageError(
      name === undefined
        ? `An industry is missing: ${INDUSTRIES.join(', ')}`
        : `Unknown industry ${JSON.stringify(name)}${didYouMean(name, INDUSTRIES)}; there is ${INDUSTRIES.join(', ')}`,
    );
  }
  writeOutput(output, industryPlanText(industry), force);
  context.stdout.write(
    json
      ? `${JSON.stringify({ industry, file: output })}\n`
      : `Wrote the plan of ${industry} to ${output}. Edit it, then: cairn plan check ${output}\n`,
  );
  return 0;
}

function check(file: string, { json }: Wishes, { stdout }: Context): number {
  const plan = readPlanFile(file);
  const advice = planAdvice(plan);
  const problems = advice.filter(({ level }) => level === 'problem').length;
  if (json) {
    stdout.write(`${JSON.stringify({ ok: problems === 0, events: plan.events.length, advice })}\n`);
  } else {
    for (const { line, level, message } of advice) stdout.write(`${file}:${line}: ${level}: ${message}\n`);
    stdout.write(`${plan.events.length} events, ${problems} problems, ${advice.length - problems} hints\n`);
  }
  return problems === 0 ? 0 : 1;
}

function types(file: string, wishes: Wishes, { stdout }: Context): number {
  const { output, force } = wishes;
  const language = LANGUAGES.find((one) => one === (wishes.language ?? 'ts'));
  if (language === undefined) {
    throw new UsageError(
      `Cannot read --language: want ts or js, current value is ${JSON.stringify(wishes.language)}`,
    );
  }
  const code = typesCode(readPlanFile(file), language);
  if (output === undefined) stdout.write(code);
  else writeOutput(output, code, force);
  return 0;
}

async function showCoverage(wishes: Wishes, context: Context): Promise<number> {
  const environment = environmentOf(context, wishes.env);
  const file = wishes.plan ?? environment.options.plan?.file;
  if (file === undefined) {
    throw new UsageError(
      `The environment ${environment.name} has no option plan: name a file with --plan; cairn plan init writes one`,
    );
  }
  const plan = readPlanFile(file);
  const scope = { environment: environment.number, ...readTimeRange(wishes) };
  const observed = await withClickHouse(context, (clickhouse) =>
    observePlan(
      askWithin(clickhouse, { limits: limitsFor(undefined, context), signal: context.signal }),
      plan,
      scope,
      environment.name,
    ),
  );
  const result = coverage(plan, observed);
  context.stdout.write(
    wishes.json
      ? `${JSON.stringify({ environment: environment.name, plan: plan.name, ...result })}\n`
      : renderCoverage(result, plan.name),
  );
  return 0;
}
