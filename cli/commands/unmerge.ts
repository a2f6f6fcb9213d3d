import { defineCommand, JSON_OPTION } from '../command.ts';
import { blockIdentity, listBlocks, unblockIdentity } from '../generations/blocked-identities.ts';
import { withWorkplace } from '../generations/open-workplace.ts';
import { ENVIRONMENT_OPTION, environmentOf } from '../question.ts';
import { renderTable } from '../table.ts';
import { UsageError } from '../usage-error.ts';

export const unmerge = defineCommand({
  usage: '(--identity X [--undo] [--reason TEXT] | --list) [--env NAME] [--json]',
  about: `Undoes a wrong merge: from the next generation on, identifies of this identity bind nothing, so the devices that
were merged into it are apart again. The live generation is not touched: cairn replay makes the next one.
It stays in force in all later ones, until --undo and another replay.`,
  options: {
    identity: { type: 'string', value: 'X', doc: 'the identity, as it was sent' },
    ...ENVIRONMENT_OPTION,
    reason: { type: 'string', value: 'TEXT', doc: 'why, for whoever reads the list' },
    undo: { type: 'boolean', doc: 'let the identity bind again, from the next generation on' },
    list: { type: 'boolean', doc: 'show the identities that are blocked' },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  examples: [
    ['unmerge --identity shared@example.com', 'take the devices of an identity apart, then: cairn replay'],
    ['unmerge --list', 'what is blocked, and from which generation on'],
    ['unmerge --identity shared@example.com --undo', 'let it bind again, then: cairn replay'],
  ],
  async run({ identity, env, reason, undo, list, json }, _positionals, context) {
    if (list === (identity !== undefined)) throw new UsageError('Want --identity or --list');
    return withWorkplace(context, async (place) => {
      const answer = (document: object, text: string) =>
        context.stdout.write(json ? `${JSON.stringify(document)}\n` : `${text}\n`);
      if (identity === undefined) {
        const blocks = await listBlocks(place);
        answer({ blocks }, render(blocks).trimEnd());
        return 0;
      }
      const person = { environment: environmentOf(context, env).number, identity };
      const { block, next, building } = undo
        ? await unblockIdentity(place, person)
        : await blockIdentity(place, { ...person, reason: reason ?? '' });
      const how =
        building === undefined
          ? 'build it with cairn replay'
          : `generation ${building} is being built without that: begin another with cairn replay --fresh`;
      answer(
        block,
        undo
          ? `${JSON.stringify(identity)} binds again from generation ${next} on; ${how}`
          : `${JSON.stringify(identity)} binds nothing from generation ${next} on; ${how}`,
      );
      return 0;
    });
  },
});

function render(blocks: Awaited<ReturnType<typeof listBlocks>>): string {
  return renderTable(
    [
      { title: 'environment', right: true },
      { title: 'identity' },
      { title: 'user id', right: true },
      { title: 'from', right: true },
      { title: 'until', right: true },
      { title: 'written' },
      { title: 'in force now' },
      { title: 'reason' },
    ],
    blocks.map((block) => [
      String(block.environment),
      block.identity,
      String(block.user_id),
      `g${block.from_generation}`,
      block.until_generation === 0 ? '-' : `g${block.until_generation}`,
      new Date(block.blocked_at).toISOString().slice(0, 19),
      block.inForce ? 'yes' : 'no',
      block.reason,
    ]),
  );
}
