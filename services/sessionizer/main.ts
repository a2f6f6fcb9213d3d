import { handleServiceFlags } from '#lib/service/command-line.ts';
import { createLogger } from '#lib/service/logger.ts';
import { runService } from '#lib/service/run-service.ts';
import { startStage } from '#lib/streams/stage-service.ts';
import { SPEC } from './config.ts';
import { createSessionizer } from './core/processor.ts';

const config = handleServiceFlags(SPEC);
const log = createLogger('sessionizer', config.CAIRN_LOG_LEVEL);
await runService(log, () => startStage('sessionizer', () => createSessionizer(), config, log));
