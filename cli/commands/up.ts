import { hidePassword } from '#lib/config/hide-password.ts';
import { didYouMean } from '#lib/near-names.ts';
import { type Context, defineCommand } from '../command.ts';
import { forTerminal } from '../service-log.ts';
import { SERVICE_NAMES, type ServiceName, type Stack, startStack } from '../stack.ts';
import { readStackSettings } from '../stack-settings.ts';
import { UsageError } from '../usage-error.ts';

export const up = defineCommand({
  usage: '[--services NAME,NAME] [--verbose] [--json]',
  about: `Starts Kafka, ClickHouse and the services ${SERVICE_NAMES.join(', ')}, and keeps them running until
Ctrl-C or SIGTERM, which stops all of it in order. A service that dies is started again. Data and logs
are in CAIRN_DATA_DIR (.cairn); warnings of the services are shown here too. Where CAIRN_KAFKA_BROKERS
or CAIRN_CLICKHOUSE_URL is set, that server is used and none is embedded.`,
  options: {
    services: {
      type: 'string',
      value: 'NAME,NAME',
      doc: 'start these services only; `none` = the servers alone',
    },
    verbose: { type: 'boolean', doc: 'show every line the services log' },
    json: { type: 'boolean', doc: 'print one JSON line on stdout when all is ready' },
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['up', 'everything, on the default ports'],
    ['up --services collector,identity-merger', 'a part of it, as when another part runs in a debugger'],
    ['up --services none', 'Kafka and ClickHouse alone'],
  ],
  async run({ services, verbose, json }, _positionals, context) {
    const { env, signal, stdout, stderr } = context;
    const say = (text: string) => stderr.write(`${text}\n`);
    const settings = readStackSettings(env);
    const names = serviceNames(services);
    let stack: Stack;
    try {
      stack = await startStack({
        settings,
        services: names,
        env,
        signal,
        progress: say,
        onLine(service, line) {
          const text = verbose ? `${service}: ${line}` : forTerminal(service, line);
          if (text !== undefined) say(text);
        },
      });
    } catch (error) {
      if (signal.aborted) return 0;
      throw error;
    }
    stdout.write(json ? readyLine(stack) : readyText(stack, settings.CAIRN_DATA_DIR));
    try {
      await Promise.race([stopRequested(context), stack.failed]);
    } finally {
      say('Stopping');
      await stack.stop();
    }
    say('Stopped');
    return 0;
  },
});

function serviceNames(list: string | undefined): readonly ServiceName[] {
  if (list === undefined) return SERVICE_NAMES;
  if (list === 'none') return [];
  return list.split(',').map((entry) => {
    const name = SERVICE_NAMES.find((candidate) => candidate === entry.trim());
    if (name === undefined) {
      throw new UsageError(
        `Unknown service ${JSON.stringify(entry)}${didYouMean(entry, SERVICE_NAMES)}; services are ${SERVICE_NAMES.join(', ')}`,
      );
    }
    return name;
  });
}

function stopRequested({ signal }: Context): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

function readyLine({ collectorUrl, clickhouseUrl, brokers }: Stack): string {
  return `${JSON.stringify({
    ready: true,
    collector: collectorUrl === '' ? null : collectorUrl,
    clickhouse: hidePassword(clickhouseUrl),
    kafka: brokers.join(','),
  })}\n`;
}

function readyText({ collectorUrl, clickhouseUrl, brokers }: Stack, dataDir: string): string {
  const places = `
Ready.
  collector   ${collectorUrl === '' ? 'not started' : collectorUrl}
  ClickHouse  ${hidePassword(clickhouseUrl)}
  Kafka       ${brokers.join(',')}
  data, logs  ${dataDir}
`;
  if (collectorUrl === '') return places;
  const post = (path: string, body: object) =>
    `  curl -s ${collectorUrl}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  return `${places}
Try:
${post('/api/track', { app_id: '11', user_id: '123', event: 'Signup' })}
${post('/api/v1/identify', { app_id: '11', user_id: '123', identity: 'a@b.c' })}
${post('/api/track', { app_id: '11', identity: 'a@b.c', event: 'Purchase', properties: { price: 25 } })}
  npm run -s cairn -- funnel --step Signup --step Purchase

Ctrl-C stops everything.
`;
}
