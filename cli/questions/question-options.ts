import { JSON_OPTION, type OptionTable } from '../command.ts';
import { ENVIRONMENT_OPTION } from '../question.ts';
import { RANGE_OPTIONS } from '../time-range.ts';

/** Options of how a question is asked and its answer is shown. */
export const ANSWER_OPTIONS = {
  ...ENVIRONMENT_OPTION,
  definitions: { type: 'string', value: 'DIR', doc: 'directory of definitions for @NAME (definitions)' },
  'max-seconds': { type: 'string', value: 'N', doc: 'longest time that the question may take' },
  ...JSON_OPTION,
  csv: { type: 'boolean', doc: 'print the answer as CSV' },
  sql: { type: 'boolean', doc: 'print the query instead of asking it' },
} as const satisfies OptionTable;

/** Options of every command that makes a question of its arguments. */
export const ASK_OPTIONS = {
  ...RANGE_OPTIONS,
  among: {
    type: 'string',
    multiple: true,
    value: 'CONDITION',
    doc: "only users for whom this holds now, such as 'user.plan = pro'",
  },
  save: { type: 'string', value: 'FILE', doc: 'also write the question to a file, for cairn ask' },
  ...ANSWER_OPTIONS,
} as const satisfies OptionTable;

/** Options that say more of the event before them. */
export const EVENT_OPTIONS = {
  where: {
    type: 'string',
    multiple: true,
    value: 'CONDITION',
    doc: "only events for which this holds, such as 'plan = pro'; of the event before it",
  },
  label: { type: 'string', multiple: true, value: 'TEXT', doc: 'what the answer calls the event before it' },
} as const satisfies OptionTable;
