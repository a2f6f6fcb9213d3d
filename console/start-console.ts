import type { AddressInfo } from 'node:net';
import type { Environment } from '#lib/config/environments.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { ConsoleConfig } from './config.ts';
import type { ConsolePorts } from './ports.ts';
import { createAccess } from './server/access.ts';
import { openAnswers } from './server/answers.ts';
import { createApp } from './server/app.ts';
import { openAssets } from './server/assets.ts';
import { addCatalogue } from './server/catalogue-route.ts';
import { addDefinitions } from './server/definitions-route.ts';
import { addHealth } from './server/health-route.ts';
import { createLiveFeed } from './server/live-feed.ts';
import { addLive } from './server/live-route.ts';
import { addPlan } from './server/plan-route.ts';
import { addQuestions } from './server/question-route.ts';
import { addUsers } from './server/user-route.ts';

export type RunningConsole = {
  readonly url: string;
  close(): Promise<void>;
};

/** Starts the console. Throws ConfigError where its settings would let anybody in. */
export async function startConsole(options: {
  readonly config: ConsoleConfig;
  readonly environments: readonly Environment[];
  readonly ports: ConsolePorts;
  readonly log: Logger;
}): Promise<RunningConsole> {
  const { config, environments, ports, log } = options;
  const access = createAccess(config, environments);
  const app = createApp({
    access,
    assets: openAssets(),
    environments,
    hosts: config.CAIRN_CONSOLE_HOSTS,
    log,
  });
  const answers = openAnswers(ports.clickhouseUrl, config);
  const feed = createLiveFeed({ brokers: ports.brokers, log, logTopic: () => ports.logTopic() });
  addLive(app, feed);
  addUsers(app, answers);
  addQuestions(app, answers, () => ports.definitions());
  addDefinitions(app, () => ports.definitions());
  addCatalogue(app, answers);
  addPlan(app, answers);
  addHealth(app, ports);
  const { server } = app;
  const host = config.CAIRN_CONSOLE_HOST;
  await server.listen({ host, port: config.CAIRN_CONSOLE_PORT });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      await server.close();
      await feed.close();
      await answers.close();
    },
  };
}
