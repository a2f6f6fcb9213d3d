import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Batch, Outbox } from './outbox.ts';

const batchOf = (ids: readonly string[], firstRow: number): Batch =>
  ids.map((id, index) => ({ row: firstRow + index, id, json: '', values: {} }));

test('rows of one id are answered in the file’s order, whichever request is answered first', async () => {
  const ids = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(ids, { maxLength: 12 }),
      fc.nat(4),
      async (scheduler, all, extra) => {
        const answered = new Map<string, number>();
        let underWay = 0;
        let most = 0;
        const outbox = new Outbox(1 + extra, async (batch) => {
          underWay += 1;
          most = Math.max(most, underWay);
          await scheduler.schedule(Promise.resolve());
          underWay -= 1;
          for (const { id, row } of batch) {
            assert.ok(row > (answered.get(id) ?? 0), `row ${row} of ${id} was overtaken`);
            answered.set(id, row);
          }
        });
        const adding = (async () => {
          let row = 1;
          for (const batch of all) {
            await outbox.add(batchOf(batch, row));
            row += batch.length;
            assert.ok((outbox.firstUnanswered ?? row) <= row);
          }
          await outbox.drain();
        })();
        await scheduler.waitFor(adding);
        assert.equal(outbox.firstUnanswered, undefined);
        assert.ok(most <= 1 + extra);
        const last = new Map(all.flat().map((id, index) => [id, index + 1]));
        assert.deepEqual(answered, last);
      },
    ),
  );
});

test('what failed is thrown to whoever adds next, and its rows count as unanswered', async () => {
  const outbox = new Outbox(2, async (batch) => {
    if (batch[0]!.row === 3) throw new Error('refused');
  });
  await outbox.add(batchOf(['a', 'b'], 1));
  await outbox.add(batchOf(['c'], 3));
  await assert.rejects(outbox.drain(), /refused/);
  await assert.rejects(outbox.add(batchOf(['d'], 4)), /refused/);
  assert.equal(outbox.firstUnanswered, 3);
});
