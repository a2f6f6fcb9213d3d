import { setPriority } from 'node:os';
import { defineCommand, JSON_OPTION } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { withWorkplace } from '../generations/open-workplace.ts';
import { ReplayReport } from '../generations/replay-report.ts';
import { type ReplayResult, runReplay } from '../generations/run-replay.ts';
import { readTimeRange } from '../time-range.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_TIMEOUT_MS = 120_000;
const INTERRUPTED = 130;
/** Below the live services, which share the machine. */
const NICENESS = 10;
/** A record received before a time may still be on its way to the log for as long. */
const SETTLED_AFTER_MS = 60_000;

export const replay = defineCommand({
  usage: '[--from T | --partitions N] [--no-switch] [--fresh] [--timeout DURATION] [--json]',
  about: `Builds a new generation from the log, beside the live one: its own topics, consumer groups and rows. When it has
caught up, both are compared over everything that readers may see, up to the end of the log, and only if
they are equal readers are switched to it, at once. Identities blocked with cairn unmerge are left out of
the comparison. The old generation stays as it is, to switch back to (cairn generations). Ctrl-C loses
nothing: the next replay goes on where this one was. With --partitions the log itself is copied to a new
topic with another number of partitions, which takes its size once more; collectors are moved to it within
seconds, and there is no way back. Exit code 1 where the two differ.`,
  options: {
    from: {
      type: 'string',
      value: 'T',
      doc: 'copy the rows received before T (UTC) from the live generation, and load only later ones anew',
    },
    'no-switch': { type: 'boolean', doc: 'build and verify only' },
    fresh: { type: 'boolean', doc: 'drop what an earlier replay has left unfinished, and begin anew' },
    timeout: {
      type: 'string',
      value: 'DURATION',
      doc: 'longest time until the comparison comes out equal, once it has caught up (120s)',
    },
    partitions: {
      type: 'string',
      value: 'N',
      doc: 'move the log to N partitions and build the new generation from there',
    },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['replay', 'build all of it again and switch'],
    ['replay --no-switch', 'a rehearsal'],
    ['replay --from 2026-03-01', 'copy what came before, load the rest anew'],
    ['replay --partitions 12', 'build it in more partitions, and have collectors write to as many'],
    ['generations switch 1', 'back to the old one'],
  ],
  async run(values, _positionals, context) {
    const partitions = readPartitions(values.partitions);
    if (partitions !== undefined && values.from !== undefined) {
      throw new UsageError(
        'Give --from or --partitions, not both: rows that are copied would name places in the old log',
      );
    }
    const timeoutMs =
      values.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration('--timeout', values.timeout);
    const { fromMs } = readTimeRange({ from: values.from, to: undefined });
    if (fromMs !== undefined && fromMs > Date.now() - SETTLED_AFTER_MS) {
      throw new UsageError(
        'Cannot read --from: want a time at least a minute ago, as records received before it may still be on ' +
          `their way, current value is ${JSON.stringify(values.from)}`,
      );
    }
    setPriority(NICENESS);
    const report = new ReplayReport(context, values.json);
    try {
      const result = await withWorkplace(context, (place) =>
        runReplay(place, context, report, {
          fromMs,
          partitions,
          timeoutMs,
          fresh: values.fresh,
          switches: !values['no-switch'],
        }),
      );
      report.line({ event: 'done', ...result });
      report.say(summary(result));
      if (result.switched && !result.takenOver) return INTERRUPTED;
      return result.verified ? 0 : 1;
    } catch (error) {
      if (!context.signal.aborted) throw error;
      report.say('Stopped. Nothing is lost: cairn replay goes on where this one was');
      return INTERRUPTED;
    }
  },
});

const MOST_PARTITIONS = 1024;

function readPartitions(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const partitions = Number(text);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MOST_PARTITIONS) {
    throw new UsageError(
      `Cannot read --partitions: want a whole number from 1 to ${MOST_PARTITIONS}, current value is ${JSON.stringify(text)}`,
    );
  }
  return partitions;
}

function summary({ generation, replaced, isMove, verified, switched, takenOver }: ReplayResult): string {
  if (switched && !takenOver)
    return `Generation ${generation} is live, and its services have stopped with this command: start them with CAIRN_GENERATION=${generation}`;
  if (switched)
    return `Generation ${generation} is live and runs elsewhere; drop the old one when it is not needed any more: cairn generations drop ${replaced}`;
  if (isMove && verified)
    return `Generation ${generation} is verified and not live, and collectors write to the old log: cairn replay goes on from here`;
  if (isMove)
    return (
      `Generation ${generation} is not switched to, and collectors write to the old log. If its difference is meant, drop it ` +
      `(cairn generations drop ${generation}), switch to what cairn replay builds without --partitions, and move the log then`
    );
  if (verified)
    return `Generation ${generation} is verified and not live: cairn generations switch ${generation}`;
  return `Generation ${generation} is not switched to. If its difference is meant: cairn generations switch ${generation} --force`;
}
