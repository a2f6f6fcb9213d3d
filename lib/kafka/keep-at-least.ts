import type { Admin, ConfigResourceTypes } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';

/** ConfigResourceTypes.TOPIC, which kafkajs does not export in a way that an ES module can import. */
const TOPIC_RESOURCE: ConfigResourceTypes = 2;
/** DYNAMIC_TOPIC_CONFIG: set on the topic itself. */
const SET_ON_TOPIC = 1;
const RETENTION = 'retention.ms';

/**
 * Makes a topic keep its records for a time at least. What else is set on it stays. Throws ConfigError where that is
 * not allowed, saying what to set.
 */
export async function keepAtLeast(admin: Admin, topic: string, keepMs: number, log: Logger): Promise<void> {
  const { resources } = await admin.describeConfigs({
    resources: [{ type: TOPIC_RESOURCE, name: topic }],
    includeSynonyms: false,
  });
  const entries = resources[0]?.configEntries ?? [];
  const kept = Number(entries.find(({ configName }) => configName === RETENTION)?.configValue ?? -1);
  if (kept < 0 || kept >= keepMs) return;
  // Kafka's alterConfigs resets what it is not given.
  const others = entries
    .filter(({ configName, configSource }) => configSource === SET_ON_TOPIC && configName !== RETENTION)
    .map(({ configName: name, configValue: value }) => ({ name, value }));
  try {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: TOPIC_RESOURCE,
          name: topic,
          configEntries: [...others, { name: RETENTION, value: String(keepMs) }],
        },
      ],
    });
  } catch (cause) {
    if ((cause as { retriable?: boolean }).retriable !== false) throw cause;
    const problem = `Cannot make ${topic} keep its records long enough: ${(cause as Error).message}`;
    throw new ConfigError([`${problem}; set its ${RETENTION} to ${keepMs}, current value is ${kept}`], {
      cause,
    });
  }
  log.info({ topic, keptMs: kept, keepMs }, 'keeping a topic longer');
}
