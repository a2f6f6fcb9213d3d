/**
 * Tables as the first release made them, before sessions had parts: an installation that is upgraded has these.
 */
export const OLDER_STORAGE_SQL: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS cairn.events (\`user_id\` UInt64, \`session_id\` UInt64, \`late\` Bool,
  \`environment\` UInt16, \`device_id\` UInt64, \`event_id\` UInt64, \`time\` DateTime64(3, 'UTC'),
  \`received_at\` DateTime64(3, 'UTC'), \`source\` LowCardinality(String), \`type\` LowCardinality(String),
  \`identity\` String, \`client_time\` DateTime64(3, 'UTC'), \`flags\` Array(LowCardinality(String)),
  \`name\` LowCardinality(String), \`pageview_id\` UInt64, \`domain\` LowCardinality(String),
  \`path\` String, \`query\` String, \`hash\` String, \`title\` String, \`referrer\` String,
  \`previous_page\` String, \`href\` String, \`target_text\` String, \`target_tag\` LowCardinality(String),
  \`target_class\` String, \`target_id\` String, \`hierarchy\` String, \`user_agent\` String,
  \`browser\` LowCardinality(String), \`platform\` LowCardinality(String), \`device\` LowCardinality(String),
  \`device_type\` LowCardinality(String), \`carrier\` LowCardinality(String),
  \`app_name\` LowCardinality(String), \`app_version\` LowCardinality(String), \`ip\` String,
  \`country\` LowCardinality(String), \`region\` LowCardinality(String), \`city\` LowCardinality(String),
  \`is_bot\` Bool, \`properties\` JSON(max_dynamic_paths=256), \`event_table_name\` LowCardinality(String),
  \`generation\` UInt16, \`_partition\` UInt16, \`_offset\` UInt64, \`origin_partition\` UInt16,
  \`origin_offset\` UInt64, INDEX offset_index \`_offset\` TYPE minmax GRANULARITY 1,
  INDEX device_index device_id TYPE bloom_filter(0.01) GRANULARITY 1)
ENGINE = MergeTree PARTITION BY (generation,
  toYYYYMM(time))
ORDER BY (environment, event_table_name, device_id, time,
  event_id) SETTINGS non_replicated_deduplication_window = 100000`,
  `CREATE TABLE IF NOT EXISTS cairn.sessions (\`environment\` UInt16, \`device_id\` UInt64,
  \`session_id\` UInt64, \`user_id\` UInt64, \`merged_into\` UInt64, \`absorbed\` Array(UInt64),
  \`gap\` Bool, \`late\` Bool, \`event_id\` UInt64, \`started_at\` DateTime64(3, 'UTC'),
  \`ended_at\` DateTime64(3, 'UTC'), \`updated_at\` DateTime64(3, 'UTC'), \`event_count\` UInt64,
  \`pageview_count\` UInt64, \`first_pageview_at\` DateTime64(3, 'UTC'), \`first_pageview_event_id\` UInt64,
  \`library\` LowCardinality(String), \`platform\` LowCardinality(String),
  \`device_type\` LowCardinality(String), \`device\` LowCardinality(String),
  \`carrier\` LowCardinality(String), \`app_name\` LowCardinality(String),
  \`app_version\` LowCardinality(String), \`browser\` LowCardinality(String),
  \`country\` LowCardinality(String), \`region\` LowCardinality(String), \`city\` LowCardinality(String),
  \`ip\` String, \`referrer\` String, \`landing_page\` String, \`landing_page_query\` String,
  \`landing_page_hash\` String, \`search_keyword\` String, \`utm_source\` String, \`utm_campaign\` String,
  \`utm_medium\` String, \`utm_term\` String, \`utm_content\` String, \`generation\` UInt16,
  \`_partition\` UInt16, \`_offset\` UInt64, \`origin_partition\` UInt16, \`origin_offset\` UInt64,
  INDEX offset_index \`_offset\` TYPE minmax GRANULARITY 1)
ENGINE = ReplacingMergeTree(\`_offset\`) PARTITION BY generation
ORDER BY (generation,
  environment, device_id, session_id) SETTINGS non_replicated_deduplication_window = 100000`,
];
