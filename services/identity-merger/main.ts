import { handleServiceFlags } from '#lib/service/command-line.ts';
import { createLogger } from '#lib/service/logger.ts';
import { runService } from '#lib/service/run-service.ts';
import { startStage } from '#lib/streams/stage-service.ts';
import { SPEC } from './config.ts';
import { createMerger } from './core/processor.ts';

const config = handleServiceFlags(SPEC);
const log = createLogger('identity-merger', config.CAIRN_LOG_LEVEL);
const merger = createMerger({ partitions: config.CAIRN_PARTITIONS, generation: config.CAIRN_GENERATION });
await runService(log, () => startStage(merger, config, log));
