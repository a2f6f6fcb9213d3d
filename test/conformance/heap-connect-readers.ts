/**
 * What published packages for Heap Connect read: for each the tables and columns that its SQL or LookML names, beside
 * properties of its own users. Facts, taken from the files named; no code of theirs is here.
 */

/** What readers do with a column, so of which type it must be. */
export type ColumnKind = 'id' | 'time' | 'text';

const IDS = ['event_id', 'user_id', 'session_id', 'pageview_id', 'from_user_id', 'to_user_id'];
const TIMES = ['time', 'session_time', 'joindate', 'last_modified'];

/** Ids are compared, joined and put together; times are compared, subtracted and cut; everything else is text. */
export function kindOf(column: string): ColumnKind {
  if (IDS.includes(column)) return 'id';
  return TIMES.includes(column) ? 'time' : 'text';
}

/** Types a column of a kind may have: the same ones before and after any event. */
export const TYPES: Readonly<Record<ColumnKind, RegExp>> = {
  id: /^(UInt64|Nullable\(UInt64\))$/,
  time: /^(DateTime64\(3, 'UTC'\)|Nullable\(DateTime64\(3, 'UTC'\)\))$/,
  text: /^(String|Nullable\(String\)|LowCardinality\((String|Nullable\(String\))\))$/,
};

/** Columns that Heap's schema gives sessions, pageviews and events alike, from `library` on. */
const OF_SESSION = [
  ...['library', 'platform', 'device_type', 'country', 'region', 'city', 'ip', 'referrer', 'landing_page'],
  ...['landing_page_query', 'landing_page_hash', 'browser', 'search_keyword', 'utm_source', 'utm_campaign'],
  ...[
    'utm_medium',
    'utm_term',
    'utm_content',
    'device',
    'carrier',
    'app_name',
    'app_version',
    'heap_app_name',
  ],
  ...['heap_app_version', 'heap_device', 'heap_device_id', 'phone_model'],
];
const UTM = ['utm_source', 'utm_campaign', 'utm_medium', 'utm_term', 'utm_content'];
const PLACE = ['country', 'region', 'city', 'ip'];
const LANDING = ['landing_page', 'landing_page_query', 'landing_page_hash'];
const HEAP_DEVICE = ['heap_app_name', 'heap_app_version', 'heap_device', 'heap_device_id'];
const PAGE = ['domain', 'path', 'query', 'hash', 'title', 'heap_previous_page'];

/** Stands for the table of any event. */
export const ANY_EVENT = '<event>';

export type Reader = {
  readonly repository: string;
  readonly commit: string;
  readonly files: readonly string[];
  readonly reads: Readonly<Record<string, readonly string[]>>;
};

export const READERS: readonly Reader[] = [
  {
    repository: 'dbt-labs/heap',
    commit: '032ba8d6f52f71b09a8407d5e25eb4454ee58c1c',
    files: [
      'macros/base/heap_sessions.sql',
      'macros/base/heap_users.sql',
      'macros/base/heap_events.sql',
      'models/transform/heap_sessions_xf.sql',
    ],
    reads: {
      sessions: [
        ...['user_id', 'session_id', 'time', 'library', 'platform', 'device', 'device_type', 'carrier'],
        ...[
          'app_name',
          'app_version',
          ...PLACE,
          'referrer',
          'landing_page',
          'browser',
          'search_keyword',
          ...UTM,
        ],
      ],
      users: ['user_id', 'identity', 'email', 'joindate', 'last_modified'],
      pageviews: ['session_id', 'time', 'query'],
      [ANY_EVENT]: ['session_id', 'time', 'query'],
    },
  },
  {
    repository: 'singer-io/tap-heap',
    commit: '009841aee2fa0bcce00336c5b412556302e73516',
    files: ['tests/base.py'],
    reads: {
      users: ['user_id'],
      user_migrations: ['from_user_id'],
      pageviews: ['event_id'],
      [ANY_EVENT]: ['event_id'],
    },
  },
  {
    repository: 'MoPurpleCarrot/HeapBlocks',
    commit: '9881454',
    files: [
      'all_events.view.lkml',
      'all_unique_events.view.lkml',
      'sessions.view.lkml',
      'sessions_facts.view.lkml',
      'users.view.lkml',
      'users_facts.view.lkml',
    ],
    reads: {
      all_events: ['event_id', 'user_id', 'session_id', 'time', 'event_table_name'],
      sessions: [
        ...['session_id', 'event_id', 'user_id', 'time', 'library', 'platform', 'device_type', 'carrier'],
        ...['app_name', 'app_version', 'country', 'region', 'city', 'referrer', 'landing_page', 'browser'],
        ...['search_keyword', 'phone_model', ...UTM],
      ],
      users: ['user_id', 'identity', 'joindate'],
    },
  },
  {
    repository: 'appirio-tech/looker',
    commit: '07a2c73e31d88e33f4062d9453d554fc662c19e8',
    files: [
      'heap/pageviews.view.lkml',
      'heap/heap_users.view.lkml',
      'heap/gigs_apply_button_application_page.view.lkml',
    ],
    reads: {
      pageviews: [
        ...['event_id', 'user_id', 'session_id', 'session_time', 'time', 'library', 'platform', 'device'],
        ...['device_type', 'carrier', 'app_name', 'app_version', ...PLACE, 'referrer', ...LANDING, 'browser'],
        ...['search_keyword', ...UTM, ...HEAP_DEVICE, ...PAGE],
        ...['view_controller', 'screen_a11y_id', 'screen_a11y_label', 'target_a11y_label'],
      ],
      users: ['user_id', 'identity', 'handle', 'email', 'joindate', 'last_modified'],
      [ANY_EVENT]: [
        ...['event_id', 'user_id', 'session_id', 'session_time', 'time', 'type', 'library', 'platform'],
        ...['device_type', ...PLACE, 'referrer', ...LANDING, 'browser', 'search_keyword', ...UTM],
        ...['heap_device_id', 'href', 'target_text', ...PAGE],
      ],
    },
  },
  {
    repository: 'thedatagata/heap_package',
    commit: '071369435e7253cc00cceae0250f70ed46ccf90d',
    files: ['models/sources/heap/heap_sources.yml', 'models/sources/heap/src_heap_events_all_eph.sql'],
    reads: {
      user_migrations: ['from_user_id', 'to_user_id'],
      users: ['user_id', 'joindate', 'last_modified', 'identity', 'email'],
      sessions: [
        ...['session_id', 'user_id', 'time', 'library', 'platform', 'device_type', ...PLACE, 'referrer'],
        ...[...LANDING, 'browser', ...UTM, 'device'],
      ],
      pageviews: ['event_id', 'time', 'user_id', 'session_id', ...PAGE],
      all_events: ['event_id', 'user_id', 'session_id', 'time', 'event_table_name'],
    },
  },
  {
    repository: 'https://help.heap.io/heap-connect/heap-connect-guide/data-schema',
    commit: '',
    files: [],
    reads: {
      users: ['user_id', 'identity', 'handle', 'email', 'joindate', 'last_modified'],
      sessions: ['event_id', 'user_id', 'session_id', 'time', ...OF_SESSION],
      pageviews: [
        ...['event_id', 'user_id', 'session_id', 'session_time', 'time', ...OF_SESSION, ...PAGE],
        ...['view_controller', 'screen_a11y_id', 'screen_a11y_label', 'target_a11y_label'],
      ],
      all_events: ['event_id', 'user_id', 'session_id', 'time', 'event_table_name'],
      user_migrations: ['from_user_id', 'to_user_id', 'time'],
      [ANY_EVENT]: [
        ...[
          'event_id',
          'user_id',
          'session_id',
          'session_time',
          'time',
          'type',
          ...OF_SESSION,
          'path',
          'query',
        ],
        ...['hash', 'href', 'target_text', 'action_method', 'target_view_class', 'target_view_name'],
        ...['target_a11y_id', 'target_a11y_label', 'screen_a11y_id', 'screen_a11y_label', 'pageview_id'],
      ],
    },
  },
];
