import { fileURLToPath } from 'node:url';
import type { Variables } from '../command.ts';
import { SERVICE_NAMES, type ServiceName } from '../stack.ts';
import type { ServiceSpec } from '../supervisor.ts';

/** The stages of a generation as processes of this program. */
export function stageSpecs(options: {
  generation: number;
  brokers: readonly string[];
  clickhouseUrl: string;
  partitions: number;
  env: Variables;
  /** Where stages keep copies of their state. */
  stateDir: string;
}): readonly ServiceSpec[] {
  const { generation, brokers, clickhouseUrl, partitions, env, stateDir } = options;
  const variables: Variables = {
    ...env,
    CAIRN_KAFKA_BROKERS: brokers.join(','),
    CAIRN_CLICKHOUSE_URL: clickhouseUrl,
    CAIRN_PARTITIONS: String(partitions),
    CAIRN_GENERATION: String(generation),
    CAIRN_HEALTH_PORT: '0',
    CAIRN_STATE_DIR: stateDir,
  };
  const stages = SERVICE_NAMES.filter(
    (name): name is Exclude<ServiceName, 'collector'> => name !== 'collector',
  );
  return stages.map((name) => ({
    name,
    generation,
    main: fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url)),
    env: () => variables,
  }));
}
