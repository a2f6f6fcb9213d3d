import { handleServiceFlags } from '#lib/service/command-line.ts';
import { createLogger } from '#lib/service/logger.ts';
import { runService } from '#lib/service/run-service.ts';
import { startStage } from '#lib/streams/stage-service.ts';
import { SPEC } from './config.ts';
import { mergerStage } from './shell/merger-stage.ts';

const config = handleServiceFlags(SPEC);
const log = createLogger('identity-merger', config.CAIRN_LOG_LEVEL);
await runService(log, async () => {
  const { createProcessor, extrasFor } = mergerStage(config);
  return startStage('identity-merger', createProcessor, config, log, extrasFor);
});
