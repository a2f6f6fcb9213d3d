import { handleServiceFlags } from '#lib/service/command-line.ts';
import { createLogger } from '#lib/service/logger.ts';
import { runService } from '#lib/service/run-service.ts';
import { COLLECTOR_SPEC } from './config.ts';
import { startCollector } from './shell/collector.ts';

const config = handleServiceFlags(COLLECTOR_SPEC);
const log = createLogger('collector', config.CAIRN_LOG_LEVEL);

await runService(log, () => startCollector(config, log));
