import { loadEnvironments } from '#lib/config/environments.ts';
import { openClickHouse } from '../clickhouse-access.ts';
import { defineCommand, JSON_OPTION } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { openKafka } from '../kafka-access.ts';
import { locateStack } from '../locate-stack.ts';
import { renderTable, thousands } from '../table.ts';
import { checkFromLog } from '../verify/from-log/check-from-log.ts';
import { renderFromLog } from '../verify/from-log/render-from-log.ts';
import { reachVerdict, type Verdict } from '../verify/reach-verdict.ts';

const DEFAULT_TIMEOUT_MS = 120_000;

export const verify = defineCommand({
  usage: '[--from-log] [--timeout DURATION] [--json]',
  about: `Accounts for every record: collected = loaded + rejected + duplicate + ignored + erased, by partition and kind.
Notes where the log ends, waits until everything up to there is loaded, and compares the log, the stages'
counters and ClickHouse; sessions and bindings are compared key by key. Exit code 1 and the differences
where they do not agree. With --from-log the whole log is folded again with the services' own core, and events,
sessions, bindings, users and properties in ClickHouse are compared with what comes out, row by row.`,
  options: {
    'from-log': { type: 'boolean', doc: 'fold the log again and compare every row' },
    timeout: { type: 'string', value: 'DURATION', doc: 'longest time to wait until all is loaded (120s)' },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  examples: [
    ['verify', 'is everything there, once?'],
    ['verify --from-log', 'does every row say what the log says?'],
    ['verify --timeout 10m --json', 'for a script, after an outage'],
  ],
  async run({ timeout, json, 'from-log': fromLog }, _positionals, context) {
    const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration('--timeout', timeout);
    const { brokers, clickhouseUrl, generation, settings } = await locateStack(context, [
      'kafka',
      'clickhouse',
    ]);
    const kafka = await openKafka(brokers);
    const clickhouse = openClickHouse(clickhouseUrl);
    try {
      const say = (text: string) => context.stderr.write(`${text}\n`);
      const verdict = await reachVerdict(kafka, clickhouse, { generation, timeoutMs, progress: say });
      if (!fromLog) {
        context.stdout.write(json ? `${JSON.stringify(verdict)}\n` : render(verdict));
        return verdict.ok ? 0 : 1;
      }
      const partitions = Object.keys(verdict.cut).sort((left, right) => Number(left) - Number(right));
      const result = await checkFromLog({
        kafka,
        clickhouse,
        generation,
        cut: partitions.map((partition) => BigInt(verdict.cut[partition] ?? 0)),
        mergerCounts: partitions.map((partition) => verdict.mergerCounts[partition] ?? {}),
        environments: loadEnvironments(settings.CAIRN_ENVIRONMENTS),
        say,
      });
      const ok = verdict.ok && result.ok;
      const whole = { ...verdict, ok, fromLog: result };
      context.stdout.write(
        json ? `${JSON.stringify(whole)}\n` : `${render(verdict)}\n${renderFromLog(result)}`,
      );
      return ok ? 0 : 1;
    } finally {
      await clickhouse.close();
      await kafka.close();
    }
  },
});

function render({ ok, totals, finalRows, collisions, problems }: Verdict): string {
  const accounts = renderTable(
    ['kind', 'collected', 'loaded', 'rejected', 'duplicate', 'ignored', 'erased', 'missing', 'twice'].map(
      (title) => ({ title, right: title !== 'kind' }),
    ),
    totals.map(({ kind, collected, loaded, rejected, duplicate, ignored, erased, missing, twice }) => [
      kind,
      ...[collected, loaded, rejected, duplicate, ignored, erased, missing, twice].map(thousands),
    ]),
  );
  const keys = renderTable(
    ['topic', 'keys', 'rows', 'missing', 'stale', 'surplus'].map((title) => ({
      title,
      right: title !== 'topic',
    })),
    finalRows.map(({ topic, keys, rows, missing, stale, surplus }) => [
      topic,
      ...[keys, rows, missing, stale, surplus].map(thousands),
    ]),
  );
  const shared = collisions === 0 ? '' : `\n${collisions} user ids are shared by two identities\n`;
  const verdict = ok ? 'Everything is accounted for.' : problems.join('\n');
  return `${accounts}\n${keys}${shared}\n${verdict}\n`;
}
