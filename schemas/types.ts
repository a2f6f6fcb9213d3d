// Generated from the .avsc files by `npm run generate`; a test fails when it is stale.

/** One accepted input: an event, an identify, a property change, a tick or an erasure. The collector writes it once; a stage rewrites the first three fields and carries everything from `kind` on over as bytes. The order of fields is frozen. */
export type Collected = {
  /** 53-bit id of the user as far as this stage knows. Collector: equal to device_id. Merger: the canonical user id once the device is bound. */
  user_id: number;
  /** 53-bit session id; 0 = none. Collector: as the client gave it. Sessionizer: set on client events without one. */
  session_id: number;
  /** Set by the sessionizer on a client event that came later than the lateness bound of sessions. */
  late: boolean;
  /** event, identify, user_properties, account_properties, tick or erasure. */
  kind: string;
  /** Number of the environment in the registry, 1..2047. */
  environment: number;
  /** 53-bit id the record is keyed by, immutable: the anonymous user id, or the canonical user id where the request names only an identity, or the hash of the account id. */
  device_id: number;
  /** 53-bit id: hash of the idempotency key, else chosen by the collector. */
  event_id: number;
  /** When it happened, corrected for clock skew. Epoch ms UTC. */
  time: number;
  /** When the collector received it. Epoch ms UTC; also the Kafka record's timestamp. */
  received_at: number;
  /** web, ios, android or server. Only client sources take part in sessions. */
  source: string;
  /** Heap's event type: `view page`, click, change, submit, touch, `edit field`; a custom event's own name, or custom where that is one of these. */
  type: string;
  /** First 16 bytes of SHA-256 of the client's idempotency key; empty when the client sent none. */
  idempotency: Buffer;
  /** The identity the request named; empty = none. */
  identity: string;
  /** Account of account_properties; empty otherwise. */
  account_id: string;
  /** The client's own time where `time` differs from it; 0 otherwise. Epoch ms UTC. */
  client_time: number;
  /** What the collector changed: time_corrected, time_clamped, key_truncated, key_dropped, value_truncated, surrogate_replaced. */
  flags: string[];
  /** Event name as sent; pageview and the autocapture kinds carry their kind. */
  name: string;
  /** 53-bit id of the pageview the event happened on; 0 = none. */
  pageview_id: number;
  /** Host of the page. */
  domain: string;
  /** Path of the page. */
  path: string;
  /** Query of the page with its leading question mark. */
  query: string;
  /** Fragment of the page with its leading hash sign. */
  hash: string;
  /** Title of the page. */
  title: string;
  /** document.referrer of the page; empty = direct. */
  referrer: string;
  /** Page seen before this one on the same site. */
  previous_page: string;
  /** Target of the link that was used. */
  href: string;
  /** Text of the element. */
  target_text: string;
  /** Tag of the element. */
  target_tag: string;
  /** Class of the element, or of the view on mobile. */
  target_class: string;
  /** DOM id of the element. */
  target_id: string;
  /** Chain of elements from the target up: @tag;#id;.class;[attr=val];| repeated. */
  hierarchy: string;
  /** User agent as received. */
  user_agent: string;
  /** Browser and major version, from the user agent. */
  browser: string;
  /** Operating system and version, from the user agent or the client. */
  platform: string;
  /** Device model. */
  device: string;
  /** Desktop, Mobile or Tablet. */
  device_type: string;
  /** Mobile carrier. */
  carrier: string;
  /** Name of the mobile application. */
  app_name: string;
  /** Version of the mobile application. */
  app_version: string;
  /** Address of the client as text; empty for server requests. */
  ip: string;
  /** Country, from the operator's geo database. */
  country: string;
  /** Region, from the operator's geo database. */
  region: string;
  /** City, from the operator's geo database. */
  city: string;
  /** The user agent is on the bot list. */
  is_bot: boolean;
  /** JSON object, flat: normalised property names to string, number or boolean. */
  properties: string;
  /** Whether a mobile application was in the foreground or background; empty = not said, as good as the foreground. */
  app_visibility: string;
};

/** The whole row of one part of a session of one device, published again at each change. Both output and state of the sessionizer. */
export type Session = {
  /** Number of the environment. */
  environment: number;
  /** Device the session belongs to. */
  device_id: number;
  /** Client's id verbatim, or the hash of (device, event id of the seed) for a gap session. */
  session_id: number;
  /** User of the session's last event as known when it was processed; readers resolve from device_id. */
  user_id: number;
  /** Session that absorbed this one when a late event bridged the two; 0 = none. */
  merged_into: number;
  /** Sessions this one has absorbed, so that their merged_into can follow when this one is absorbed too. */
  absorbed: number[];
  /** True for a session made by the sessionizer from gaps, false for a client's own. */
  gap: boolean;
  /** Opened by an event older than the lateness bound. */
  late: boolean;
  /** Event id of the first event in (time, event id) order. */
  event_id: number;
  /** Time of the first event. Epoch ms UTC. */
  started_at: number;
  /** Time of the last event. Epoch ms UTC. */
  ended_at: number;
  /** Stream time of the last update. Epoch ms UTC. */
  updated_at: number;
  /** Client events in the session. */
  event_count: number;
  /** Pageviews in the session. */
  pageview_count: number;
  /** Time of the first pageview; 0 = none yet. Epoch ms UTC. */
  first_pageview_at: number;
  /** Event id of the first pageview; 0 = none yet. */
  first_pageview_event_id: number;
  /** web, ios or android. */
  library: string;
  /** Operating system and version. */
  platform: string;
  /** Desktop, Mobile or Tablet. */
  device_type: string;
  /** Device model. */
  device: string;
  /** Mobile carrier. */
  carrier: string;
  /** Name of the mobile application. */
  app_name: string;
  /** Version of the mobile application. */
  app_version: string;
  /** Browser and major version. */
  browser: string;
  /** Country. */
  country: string;
  /** Region. */
  region: string;
  /** City. */
  city: string;
  /** Address of the client. */
  ip: string;
  /** Referrer of the first pageview; empty = direct. */
  referrer: string;
  /** Domain and path of the first pageview. */
  landing_page: string;
  /** Query of the first pageview. */
  landing_page_query: string;
  /** Fragment of the first pageview. */
  landing_page_hash: string;
  /** Search term in the referrer, where a search engine still gives one. */
  search_keyword: string;
  /** From the first pageview's query. */
  utm_source: string;
  /** From the first pageview's query. */
  utm_campaign: string;
  /** From the first pageview's query. */
  utm_medium: string;
  /** From the first pageview's query. */
  utm_term: string;
  /** From the first pageview's query. */
  utm_content: string;
  /** Stream time in which this part of the session was opened, and the last part of the row's key: what comes when a session can no longer change begins a new part of it, and readers add the parts up. 0 = opened by a version that did not write it. Epoch ms UTC. */
  opened_at: number;
  /** Time of the last event that extends the session, which an app's event in the background does not; 0 = none does. Epoch ms UTC. */
  extended_at: number;
  /** Stream times in which the sessions in `absorbed` were opened, in the same order. Epoch ms UTC. */
  absorbed_opened_at: number[];
};

/** The first binding of an anonymous id to an identity. Both output and state of the identity-merger. */
export type Migration = {
  /** Number of the environment. */
  environment: number;
  /** The anonymous id (device). */
  from_user_id: number;
  /** Canonical user id of the identity. */
  to_user_id: number;
  /** The identity, as sent. */
  identity: string;
  /** Receive time of the identify that bound it. Epoch ms UTC. */
  bound_at: number;
  /** Time the identify gave for itself, corrected. Epoch ms UTC. */
  time: number;
  /** Path the identify came by: server (subject to the limit of ten in 30 days) or a client source. */
  source: string;
  /** Event id of the identify. */
  event_id: number;
  /** Partition of the identify in events.collected. */
  partition: number;
  /** Offset of the identify in events.collected. */
  offset: number;
};

/** An identify that changed nothing, with the reason, so that an operator can see what was ignored and why. */
export type Audit = {
  /** Number of the environment. */
  environment: number;
  /** The id the identify named. */
  user_id: number;
  /** The identity the identify named. */
  identity: string;
  /** Canonical user id the id is bound to; 0 = none. */
  bound_user_id: number;
  /** bound_to_another_identity or canonical_id. */
  reason: string;
  /** Receive time of the identify. Epoch ms UTC. */
  received_at: number;
  /** Path the identify came by. */
  source: string;
  /** Event id of the identify. */
  event_id: number;
  /** Partition of the identify in events.collected. */
  partition: number;
  /** Offset of the identify in events.collected. */
  offset: number;
};

/** Dead letter: a record that a stage could not use, with its origin and the reason, whole, so that it can be put back after a fix. */
export type Rejected = {
  /** Stage that rejected it: identity-merger, sessionizer or loader. */
  stage: string;
  /** Generation of the stage. */
  generation: number;
  /** Stable code of the reason. */
  code: string;
  /** The reason in words. */
  message: string;
  /** Topic it was read from. */
  topic: string;
  /** Partition it was read from. */
  partition: number;
  /** Offset it was read from. */
  offset: number;
  /** Kind of the record where it could be read; empty otherwise. */
  kind: string;
  /** Key of the record. */
  key: Buffer;
  /** Value of the record. */
  value: Buffer;
};

/** An identity that binds no anonymous id in some generations: how a wrong merge is undone. Kept for ever, honoured by every replay. */
export type Block = {
  /** Number of the environment. */
  environment: number;
  /** Canonical user id of the identity. */
  user_id: number;
  /** The identity, as sent. */
  identity: string;
  /** First generation that honours it: none that existed when it was written. */
  from_generation: number;
  /** First generation that does not any more; 0 = it stays in force. */
  until_generation: number;
  /** When it was written. Epoch ms UTC. */
  blocked_at: number;
  /** Why, in the operator's words. */
  reason: string;
};

/** What is known of a generation that a replay made. Written by the CLI, read by every stage when it starts. A number is never used again. */
export type Generation = {
  /** Its number. */
  generation: number;
  /** When its replay began. Epoch ms UTC; 0 = it is the first and no replay made it. */
  created_at: number;
  /** Generation whose rows were copied; 0 = the whole log was replayed. */
  copied_from: number;
  /** Rows of events and property changes received before this were copied and are not loaded. Epoch ms UTC. */
  copied_before: number;
  /** When the copy was complete. Epoch ms UTC; 0 = it is not. */
  copied_at: number;
  /** When it was last found equal to the live generation. Epoch ms UTC; 0 = never. */
  verified_at: number;
  /** When it was dropped: no stage may run for it any more. Epoch ms UTC; 0 = it was not. */
  dropped_at: number;
  /** Revision of the log that it reads. */
  log_revision: number;
  /** Partitions of that revision and of its own topics; 0 = as many as the first revision has. */
  log_partitions: number;
  /** When the revision before was about to be sealed, so that collectors write to it no more. Epoch ms UTC; 0 = it is the first, or not yet. */
  log_sealed_at: number;
  /** When its revision held all of the one before and collectors were let write to it. Epoch ms UTC; 0 = it is the first, or not yet. */
  log_opened_at: number;
};
