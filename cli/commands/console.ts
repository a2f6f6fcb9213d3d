import { durationMs } from '#lib/config/duration.ts';
import { loadEnvironments } from '#lib/config/environments.ts';
import { type ConfigOf, readConfig } from '#lib/config/spec.ts';
import { ConfigError } from '#lib/errors.ts';
import { createLogger } from '#lib/service/logger.ts';
import { CONSOLE_SETTINGS } from '../../console/config.ts';
import { type RunningConsole, startConsole } from '../../console/start-console.ts';
import { type Context, defineCommand, JSON_OPTION } from '../command.ts';
import { createConsolePorts } from '../console-ports.ts';
import { DEFAULT_DIRECTORY } from '../definitions/load-definitions.ts';
import { locateStack } from '../locate-stack.ts';
import { UsageError } from '../usage-error.ts';

export const console = defineCommand({
  usage: '[--port N] [--host H] [--definitions DIR] [--json]',
  about: `Serves the console, a web application to look with: events as they arrive, users and their story, funnels,
retention, what is sent, and how the pipeline does. It changes nothing. Without a key it listens on this machine alone;
CAIRN_CONSOLE_KEY, the apiKey of an environment, or a reverse proxy named by CAIRN_CONSOLE_TRUSTED_HEADER let others in.`,
  options: {
    port: { type: 'string', value: 'N', doc: 'port to listen on; 0 picks a free one (8090)' },
    host: { type: 'string', value: 'H', doc: 'address to listen on (127.0.0.1)' },
    definitions: {
      type: 'string',
      value: 'DIR',
      doc: `directory of the definitions that questions may name (${DEFAULT_DIRECTORY})`,
    },
    json: { ...JSON_OPTION.json, doc: 'print one JSON line on stdout when it is ready' },
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['console', 'the stack of this directory, at http://127.0.0.1:8090'],
    ['console --port 0 --json', 'on a free port, for a program'],
    ['console --host 0.0.0.0', 'for everybody who has the key in CAIRN_CONSOLE_KEY'],
  ],
  async run({ port, host, definitions, json }, _positionals, context) {
    const config = readSettings({
      ...context.env,
      ...(port === undefined ? {} : { CAIRN_CONSOLE_PORT: port }),
      ...(host === undefined ? {} : { CAIRN_CONSOLE_HOST: host }),
    });
    const stack = await locateStack(context, ['kafka', 'clickhouse']);
    const running = await start(config, context, stack, definitions);
    context.stdout.write(
      json
        ? `${JSON.stringify({ ready: true, url: running.url })}\n`
        : `The console is at ${running.url}. Ctrl-C stops it.\n`,
    );
    await stopRequested(context);
    await running.close();
    return 0;
  },
});

type Config = ConfigOf<typeof CONSOLE_SETTINGS>;

function readSettings(env: Context['env']): Config {
  return asUsage(() => {
    const config = readConfig(CONSOLE_SETTINGS, env);
    durationMs(config.CAIRN_CONSOLE_SESSION);
    return config;
  });
}

async function start(
  config: Config,
  context: Context,
  stack: Awaited<ReturnType<typeof locateStack>>,
  definitions: string | undefined,
): Promise<RunningConsole> {
  const environments = asUsage(() => loadEnvironments(stack.settings.CAIRN_ENVIRONMENTS));
  try {
    return await startConsole({
      config,
      environments,
      ports: createConsolePorts(context, stack, definitions),
      log: createLogger('console', 'warn'),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof ConfigError) throw new UsageError(message);
    if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES')
      throw new UsageError(
        `Cannot listen on ${config.CAIRN_CONSOLE_HOST}:${config.CAIRN_CONSOLE_PORT}: ${message}`,
      );
    throw error;
  }
}

function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

function stopRequested({ signal }: Context): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
