import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TypeHints } from './type-hints.ts';
import { typedValue, type ValueType } from './typed-value.ts';

function read(value: unknown, type: ValueType): unknown {
  const typed = typedValue(value, type, 'c');
  return 'code' in typed ? typed.code : typed.value;
}

test('typedValue() reads a text as the type it is asked for and refuses what would lose something', () => {
  const cases: readonly (readonly [unknown, ValueType, unknown])[] = [
    ['01234', 'text', '01234'],
    [1234, 'text', '1234'],
    [' 12.50 ', 'number', 12.5],
    ['-1e3', 'number', -1000],
    ['.5', 'number', 0.5],
    ['9007199254740991', 'number', 9007199254740991],
    ['9007199254740993', 'number', 'invalid_number'],
    ['1e999', 'number', 'invalid_number'],
    ['1,000', 'number', 'invalid_number'],
    ['n/a', 'number', 'invalid_number'],
    ['0x10', 'number', 'invalid_number'],
    [7, 'number', 7],
    ['Yes', 'boolean', true],
    ['0', 'boolean', false],
    [false, 'boolean', false],
    ['maybe', 'boolean', 'invalid_boolean'],
    ['2024-02-29', 'time', '2024-02-29'],
    ['2024-02-29 12:30:00', 'time', '2024-02-29T12:30:00.000Z'],
    ['2024-02-29T12:30:00.5+02:00', 'time', '2024-02-29T10:30:00.500Z'],
    ['1709209800000', 'time', '2024-02-29T12:30:00.000Z'],
    ['2023-02-29', 'time', 'invalid_time'],
    ['29.02.2024', 'time', 'invalid_time'],
    [null, 'number', null],
  ];
  for (const [value, type, wanted] of cases)
    assert.deepEqual(read(value, type), wanted, `${value} as ${type}`);
});

test('TypeHints names the columns whose texts could all be read as something else without loss', () => {
  const columns = ['ltv', 'zip', 'plan', 'flag', 'bit', 'day', 'never', 'price'];
  const hints = new TypeHints(columns);
  hints.look({
    ltv: '1.5',
    zip: '94105',
    plan: 'pro',
    flag: 'true',
    bit: '1',
    day: '2024-01-01',
    price: '2.50',
  });
  hints.look({ ltv: '-3', zip: '01234', plan: '7', flag: 'no', bit: '0', price: '2.25' });
  assert.deepEqual(hints.options, ['ltv=number', 'flag=boolean', 'bit=number', 'day=time', 'price=number']);
});
