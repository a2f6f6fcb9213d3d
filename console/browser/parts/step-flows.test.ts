import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepFlows } from './step-flows.ts';

test('stepFlows() adds paths up by place, and lets nothing flow back', () => {
  const paths = [
    { steps: ['A', 'B', 'A'], paths: 3, users: 1 },
    { steps: ['A', 'B'], paths: 2, users: 1 },
  ];
  assert.deepEqual(stepFlows({ paths, depth: 2, direction: 'after' }), {
    nodes: [
      { id: '0 A', name: 'A', depth: 0 },
      { id: '1 B', name: 'B', depth: 1 },
      { id: '2 A', name: 'A', depth: 2 },
    ],
    links: [
      { source: '0 A', target: '1 B', value: 5 },
      { source: '1 B', target: '2 A', value: 3 },
    ],
  });
  assert.deepEqual(stepFlows({ paths, depth: 2, direction: 'before' }).links, [
    { source: '0 A', target: '1 B', value: 3 },
    { source: '1 B', target: '2 A', value: 3 },
    { source: '1 A', target: '2 B', value: 2 },
  ]);
});
