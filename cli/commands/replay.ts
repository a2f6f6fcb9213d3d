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
  usage: '[--from T] [--no-switch] [--fresh] [--timeout DURATION] [--json]',
  about: `Builds a new generation from the log, beside the live one: its own topics, consumer groups and rows. When it has
caught up, both are compared over everything that readers may see, up to the end of the log, and only if
they are equal readers are switched to it, at once. Identities blocked with cairn unmerge are left out of
the comparison. The old generation stays as it is, to switch back to (cairn generations). Ctrl-C loses
nothing: the next replay goes on where this one was. Exit code 1 where the two differ.`,
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
    partitions: { type: 'string', value: 'N', doc: 'not supported yet' },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['replay', 'build all of it again and switch'],
    ['replay --no-switch', 'a rehearsal'],
    ['replay --from 2026-03-01', 'copy what came before, load the rest anew'],
    ['generations switch 1', 'back to the old one'],
  ],
  async run(values, _positionals, context) {
    if (values.partitions !== undefined) {
      throw new UsageError(
        'Cannot replay into another number of partitions: the log itself would have to be written anew, ' +
          `which is not supported yet; current value is ${JSON.stringify(values.partitions)}`,
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

function summary({ generation, replaced, verified, switched, takenOver }: ReplayResult): string {
  if (switched && !takenOver)
    return `Generation ${generation} is live, and its services have stopped with this command: start them with CAIRN_GENERATION=${generation}`;
  if (switched)
    return `Generation ${generation} is live and runs elsewhere; drop the old one when it is not needed any more: cairn generations drop ${replaced}`;
  if (verified)
    return `Generation ${generation} is verified and not live: cairn generations switch ${generation}`;
  return `Generation ${generation} is not switched to. If its difference is meant: cairn generations switch ${generation} --force`;
}
