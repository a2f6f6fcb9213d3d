import type { DecodeCode } from '#schemas/framing.ts';

export type Code = DecodeCode | 'refused_by_clickhouse' | 'plan_violation' | 'unplanned_event';

const NOT_OURS =
  'Something other than the collector writes to the topic: find it and stop it. There is nothing to put back';

/** What each code means and what to do about it; docs/OPERATIONS.md says the same. */
export const ADVICE: Readonly<Record<Code, { readonly means: string; readonly todo: string }>> = {
  plan_violation: {
    means: 'The tracking plan of the environment expects something else of the event or its properties.',
    todo: 'Mend the sender, or the plan; cairn plan coverage shows what else arrives. It is not in the log: have it sent again.',
  },
  unplanned_event: {
    means: 'The tracking plan of the environment has no event of this name.',
    todo: 'Add it to the plan, or stop sending it. It is not in the log: have it sent again.',
  },
  empty_value: { means: 'The record has no value.', todo: `${NOT_OURS}.` },
  not_framed: {
    means: 'The value does not begin with a zero byte and a schema id.',
    todo: `${NOT_OURS}.`,
  },
  unknown_schema: {
    means: 'The value names a schema that this release does not know.',
    todo: 'A newer collector wrote it: bring the stages up to its release, then put it back.',
  },
  wrong_schema: { means: 'The value is a record of another topic.', todo: `${NOT_OURS}.` },
  corrupt: {
    means: 'The bytes are not a record of their schema: cut off, changed, or with something left over.',
    todo: 'Look for a faulty disk, network or writer. The collector never writes such a record; put it back only after a fix of the stage.',
  },
  bad_text: {
    means: 'A text is not UTF-8.',
    todo: 'Mend the writer: the collector writes UTF-8 only.',
  },
  unknown_kind: {
    means: 'The record is of a kind that this release does not know.',
    todo: 'A newer collector wrote it: bring the stages up to its release, then put it back.',
  },
  wrong_key: {
    means: 'The record lies under a key that is not that of its device, so perhaps in a wrong partition.',
    todo: 'Mend the writer, and send the event to the collector.',
  },
  out_of_range: {
    means:
      'An id, a time or the environment is a number that none can be (a time after 2299, environment 0).',
    todo: 'Mend the writer, and send the event to the collector with the right value.',
  },
  empty_identity: {
    means: 'An identify names no identity: all such devices would become one user.',
    todo: 'Mend the writer, and send the identify to the collector.',
  },
  bad_properties: {
    means: 'The properties are not a flat JSON object.',
    todo: 'Mend the writer. Put it back only after a fix of the loader that reads them.',
  },
  too_large: {
    means: 'The record is larger than a stage passes on (4 MiB); the letter holds its beginning.',
    todo: 'Send it in smaller parts. It cannot be put back.',
  },
  refused_by_clickhouse: {
    means: 'ClickHouse does not take the row; the message is its own.',
    todo: 'Mend what the message names (the server, its version, or the loader), then put it back.',
  },
};
