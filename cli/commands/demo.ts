import { defineCommand, JSON_OPTION } from '../command.ts';
import { runDemo } from '../demo/run-demo.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_EVENTS = 100_000;
const MOST_EVENTS = 5_000_000;
/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

export const demo = defineCommand({
  usage: '[--events N] [--seed S] [--keep] [--against URL] [--json]',
  about: `Sends a week in the life of a web shop and a SaaS product through a stack of its own, over HTTP as clients do:
visitors on several devices who are recognised later, purchases reported by servers, retries, late and
disordered events. Waits until all of it is loaded, then sets users, sessions, funnels, retention,
properties and the accounting beside the truth, which a slow and simple model has worked out from the
same requests. Exit code 0 where every figure is equal, 1 with the lines that differ.`,
  options: {
    events: { type: 'string', value: 'N', doc: `distinct events (${DEFAULT_EVENTS})` },
    seed: { type: 'string', value: 'S', doc: 'the same seed tells the same stories (1)' },
    keep: { type: 'boolean', doc: 'leave the data directory of its stack in place' },
    against: {
      type: 'string',
      value: 'URL',
      doc: 'collector of a stack that already runs; its servers as CAIRN_KAFKA_BROKERS and CAIRN_CLICKHOUSE_URL say. Nobody else may send to it meanwhile',
    },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['demo', '100 000 events through a stack of its own'],
    ['demo --events 10000 --seed winter --keep', 'a small one, to look into the data directory afterwards'],
    ['demo --against http://localhost:8080 --json', 'through the stack of docker compose or cairn up'],
  ],
  async run({ events, seed, keep, against, json }, _positionals, context) {
    const count = events === undefined ? DEFAULT_EVENTS : Number(events);
    if (!Number.isInteger(count) || count < 1 || count > MOST_EVENTS)
      throw new UsageError(
        `Cannot read --events: want a whole number from 1 to ${MOST_EVENTS}, current value is ${JSON.stringify(events)}`,
      );
    if (against !== undefined && !URL.canParse(against))
      throw new UsageError(
        `Cannot read --against: want a URL such as http://localhost:8080, current value is ${JSON.stringify(against)}`,
      );
    try {
      return await runDemo({ events: count, seed: seed ?? '1', json, keep, against }, context);
    } catch (error) {
      if (context.signal.aborted) return INTERRUPTED;
      throw error;
    }
  },
});
