import type { Command } from './command.ts';
import type { CommandEntry } from './commands.ts';

function columns(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

/** Help of the whole program. */
export function programHelp(commands: Readonly<Record<string, CommandEntry>>): string {
  return `cairn: product analytics on your own Kafka and ClickHouse

Usage: cairn COMMAND [options]

Commands:
${columns(Object.entries(commands).map(([name, { summary }]) => [name, summary]))}

cairn COMMAND --help tells more. Answers are on stdout (--json for machines), everything else on stderr.
Exit codes: 0 done, 1 failed, 2 wrong use.

Where things are, by environment variable:
${columns([
  ['CAIRN_DATA_DIR', 'data of the embedded servers (.cairn)'],
  ['CAIRN_HTTP_PORT', 'port of the collector (8080); 0 picks a free one'],
  ['CAIRN_KAFKA_PORT', 'port of the embedded Kafka (9092)'],
  ['CAIRN_CLICKHOUSE_PORT', 'port of the embedded ClickHouse (8123)'],
  ['CAIRN_KAFKA_BROKERS', 'use these brokers, embed no Kafka'],
  ['CAIRN_CLICKHOUSE_URL', 'use this ClickHouse, embed none'],
  ['CAIRN_ENVIRONMENTS', 'registry file of environments'],
])}

First steps:
${columns([
  ['cairn up', 'start everything, in the foreground'],
  ['cairn status', 'what runs and how far behind it is'],
  ['cairn funnel --step Signup --step Purchase', 'how many users went through'],
])}
`;
}

/** Help of one command. */
export function commandHelp(name: string, command: Command): string {
  const options = Object.entries(command.options).map(
    ([option, { value, doc, multiple }]) =>
      [
        `--${option}${value === undefined ? '' : ` ${value}`}`,
        multiple ? `${doc} (may be repeated)` : doc,
      ] as const,
  );
  const examples = command.examples.map(([line, does]) => [`cairn ${line}`, does] as const);
  return `Usage: cairn ${name}${command.usage === '' ? '' : ` ${command.usage}`}

${command.about}

Options:
${columns([...options, ['--help', 'this text']])}

Examples:
${columns(examples)}
`;
}
