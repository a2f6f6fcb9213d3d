import { handleServiceFlags } from '#lib/service/command-line.ts';
import { createLogger } from '#lib/service/logger.ts';
import { runService } from '#lib/service/run-service.ts';
import { LOADER_SPEC } from './config.ts';
import { startLoader } from './shell/start-loader.ts';

const config = handleServiceFlags(LOADER_SPEC);
const log = createLogger('loader', config.CAIRN_LOG_LEVEL);
await runService(log, () => startLoader(config, log));
