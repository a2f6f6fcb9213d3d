/** Planned properties and values for the tests of plans. */
import fc from 'fast-check';
import type { PlannedProperty } from './plan.ts';

const TEXTS = ['', 'a', 'card', 'invoice', 'AB-12', 'ab', 'aab', 'é\n', '😀😀', '5', 'true'] as const;
const TIMES = [
  '2026-01-31',
  '2026-01-31T10:00:00Z',
  '2026-01-31 10:00',
  '1999-12-31T23:59:60.5+01:00',
] as const;
const NUMBERS = [0, 1, 2, 5, -1, 0.5, 1e6, 1e300, 8.64e15, 9e15] as const;

/** A value as the log can hold it. */
export const arbitraryValue: fc.Arbitrary<string | number | boolean> = fc.oneof(
  fc.constantFrom(...TEXTS, ...TIMES),
  fc.constantFrom(...NUMBERS),
  fc.boolean(),
);

const base = {
  name: fc.constantFrom('a', 'b c', 'd.e', 'F', 'constructor', "quote'`"),
  required: fc.boolean(),
  description: fc.constant(''),
  line: fc.constant(1),
};

/** Any property that a plan can have, limits included. */
export const arbitraryProperty: fc.Arbitrary<PlannedProperty> = fc.oneof(
  fc.record({
    ...base,
    type: fc.constant('string' as const),
    oneOf: fc.option(fc.uniqueArray(fc.constantFrom(...TEXTS), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
    }),
    pattern: fc.option(fc.constantFrom('a+b', '[A-Z]{2}-\\d*', '.', '..?', '\\w+'), { nil: undefined }),
    longest: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  }),
  fc.record({
    ...base,
    type: fc.constant('number' as const),
    oneOf: fc.option(fc.uniqueArray(fc.constantFrom(...NUMBERS), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
    }),
    atLeast: fc.option(fc.constantFrom(...NUMBERS), { nil: undefined }),
    atMost: fc.option(fc.constantFrom(...NUMBERS), { nil: undefined }),
  }),
  fc.record({ ...base, type: fc.constantFrom('boolean' as const, 'time' as const) }),
);
