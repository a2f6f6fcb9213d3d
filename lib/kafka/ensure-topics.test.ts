import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Admin } from 'kafkajs';
import { UnavailableError } from '#lib/errors.ts';
import { countPartitions } from './ensure-topics.ts';

/** kafkajs's admin as it is when its last broker has gone: seen in the fault campaign, and not to be had at will. */
const brokerless = {
  fetchTopicMetadata: async () => {
    throw new TypeError("Cannot read properties of null (reading 'topicMetadata')");
  },
} as unknown as Admin;

test('countPartitions() holds no answer from kafkajs for a broker that is away, not for a bug', async () => {
  await assert.rejects(countPartitions(brokerless, 'events.collected'), UnavailableError);
});
