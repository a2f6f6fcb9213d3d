import { parseTime } from '../../services/collector/core/timestamps.ts';
import type { RowRefusal } from './source.ts';

/** What a column's texts are read as. */
export const VALUE_TYPES = ['text', 'number', 'boolean', 'time'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const TRUE = ['true', 't', 'yes', 'y', '1'];
const FALSE = ['false', 'f', 'no', 'n', '0'];
const DATE = /^\d{4}-\d\d-\d\d$/;
const LONGEST_SHOWN = 80;

/**
 * A value as one type. Text is never taken for anything else unless it is asked for, and a text that is not of
 * its type refuses the row: `01234` stays a zip code, and a number that would lose digits is not sent.
 */
export function typedValue(value: unknown, type: ValueType, column: string): { value: unknown } | RowRefusal {
  if (value === undefined || value === null || typeof value === 'object') return { value };
  const text = String(value).trim();
  switch (type) {
    case 'text':
      return { value: String(value) };
    case 'number':
      if (typeof value === 'number') return { value };
      if (!NUMBER.test(text) || !isExact(text)) return refuse('invalid_number', 'a number', column, value);
      return { value: Number(text) };
    case 'boolean': {
      if (typeof value === 'boolean') return { value };
      const word = text.toLowerCase();
      if (TRUE.includes(word)) return { value: true };
      if (FALSE.includes(word)) return { value: false };
      return refuse('invalid_boolean', 'true or false, yes or no, 1 or 0', column, value);
    }
    case 'time': {
      const time = parseTime(typeof value === 'number' ? value : text);
      if (time === undefined) return refuse('invalid_time', 'an ISO 8601 time or epoch ms', column, value);
      return { value: DATE.test(text) ? text : new Date(time).toISOString() };
    }
  }
}

/** The types besides text that a text could be read as without loss; of these the first is the likeliest. */
export function likelyTypes(text: string): readonly ValueType[] {
  if (TRUE.includes(text.toLowerCase()) || FALSE.includes(text.toLowerCase())) {
    return text === '0' || text === '1' ? ['number', 'boolean'] : ['boolean'];
  }
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && isExact(text)) return ['number'];
  return text.includes('-') && parseTime(text) !== undefined ? ['time'] : [];
}

/** Whether a double keeps the number: no integer that loses digits, and nothing out of range. */
function isExact(text: string): boolean {
  const number = Number(text);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
}

function refuse(code: string, want: string, column: string, value: unknown): RowRefusal {
  const text = JSON.stringify(value) ?? String(value);
  const shown = text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN).toWellFormed()}...`;
  return {
    code,
    message: `Cannot read column ${JSON.stringify(column)}: want ${want}, current value is ${shown}`,
  };
}
