import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '#lib/config/spec.ts';
import { ConfigError } from '#lib/errors.ts';
import { SPEC } from '../config.ts';
import { mergerStage } from './merger-stage.ts';

const HOUR_MS = 60 * 60 * 1000;

function stageOf(variables: Record<string, string>) {
  const { createProcessor, extrasFor } = mergerStage(readConfig(SPEC, variables));
  return { processor: createProcessor(4), extras: extrasFor(4) };
}

test('a merger keeps ids in memory alone up to 24 hours, whatever directory it has', () => {
  for (const variables of [{}, { CAIRN_STATE_DIR: 'state' }, { CAIRN_DUPLICATES_WINDOW: '24h' }])
    assert.deepEqual(stageOf(variables as Record<string, string>).extras, {});
});

test('a longer window wants a directory, and events.identified kept a day longer than it', () => {
  const longer = { CAIRN_DUPLICATES_WINDOW: '25h' };
  assert.throws(
    () => stageOf(longer),
    (error: ConfigError) =>
      error instanceof ConfigError && /set CAIRN_STATE_DIR.*current value is 25h/.test(error.message),
  );
  const { extras, processor } = stageOf({ ...longer, CAIRN_STATE_DIR: 'state' });
  assert.equal(extras.offload?.topic, 'events.identified');
  assert.deepEqual(extras.keepMs, { 'events.identified': 49 * HOUR_MS });
  assert.equal(processor.restores.find(({ topic }) => topic === 'events.identified')?.windowMs, 25 * HOUR_MS);
});

test('a window of more than 30 days is refused, and what is no duration', () => {
  for (const wrong of ['31d', '0s', 'soon'])
    assert.throws(() => stageOf({ CAIRN_DUPLICATES_WINDOW: wrong }), ConfigError);
});

test('a snapshot of other bounds is of another format', () => {
  const formatOf = (variables: Record<string, string>) => stageOf(variables).processor.snapshot?.format;
  const formats = [
    {},
    { CAIRN_DUPLICATES_WINDOW: '12h' },
    { CAIRN_DUPLICATES_MAX_IDS: '1000' },
    { CAIRN_DUPLICATES_WINDOW: '30d', CAIRN_STATE_DIR: 'state' },
  ].map((variables) => formatOf(variables as Record<string, string>));
  assert.equal(new Set(formats).size, formats.length);
});
