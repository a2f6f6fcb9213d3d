import { handleServiceFlags } from '#lib/service/command-line.ts';
import { createLogger } from '#lib/service/logger.ts';
import { runService } from '#lib/service/run-service.ts';
import { startStage } from '#lib/streams/stage-service.ts';
import { SPEC } from './config.ts';
import { createMerger } from './core/processor.ts';

const config = handleServiceFlags(SPEC);
const log = createLogger('identity-merger', config.CAIRN_LOG_LEVEL);
const generation = config.CAIRN_GENERATION;
const createProcessor = (partitions: number) => createMerger({ partitions, generation });
await runService(log, () => startStage('identity-merger', createProcessor, config, log));
