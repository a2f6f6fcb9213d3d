import type { Written } from '#queries/written/write-event.ts';
import type { Given } from '../command.ts';
import { UsageError } from '../usage-error.ts';

/** An event as it was given on the command line, with the options that say more of it. */
export type GivenEvent = {
  /** Such as `step`. */
  readonly option: string;
  readonly written: Written;
};

/** Options that say more of the event before them, and the key of the written event that each stands for. */
export type Sayings = Readonly<Record<string, { readonly key: string; readonly list?: boolean }>>;

/** Those of every event. */
export const EVENT_SAYINGS: Sayings = { where: { key: 'where', list: true }, label: { key: 'label' } };

/**
 * Events of a command line in their order, each with what the options after it say of it. `*` is any event, `@name` a definition; a
 * backslash before either makes a name of it. Throws UsageError where an option says more of no event.
 */
export function givenEvents(
  given: readonly Given[],
  eventOptions: readonly string[],
  sayings: Sayings = EVENT_SAYINGS,
): readonly GivenEvent[] {
  const events: { option: string; value: string; said: Record<string, Written> }[] = [];
  for (const { option, value } of given) {
    if (eventOptions.includes(option)) events.push({ option, value, said: {} });
    const saying = sayings[option];
    if (saying === undefined) continue;
    const event = events.at(-1);
    if (event === undefined) {
      const before = eventOptions.map((name) => `--${name}`).join(' or ');
      throw new UsageError(`--${option} says more of the event before it: give it after ${before}`);
    }
    say(event.said, saying, option, value);
  }
  return events.map(({ option, value, said }) => ({ option, written: writtenEvent(value, said) }));
}

function say(
  said: Record<string, Written>,
  { key, list }: Sayings[string],
  option: string,
  value: string,
): void {
  const known = said[key];
  if (list) said[key] = [...((known as readonly Written[] | undefined) ?? []), value];
  else if (known === undefined) said[key] = numberOr(value);
  else throw new UsageError(`Option --${option} is given twice for one event`);
}

function writtenEvent(value: string, said: Readonly<Record<string, Written>>): Written {
  const isBare = Object.keys(said).length === 0;
  if (value === '*') return isBare ? value : said;
  if (value.startsWith('@')) return isBare ? value : { definition: value.slice(1), ...said };
  const name = value.replace(/^\\(?=[@*\\])/, '');
  return isBare && name === value ? name : { event: name, ...said };
}

/** A number where a text is one, so that a saved file has a number. */
export function numberOr(text: string): string | number {
  return /^-?\d+(\.\d+)?$/.test(text) && Number.isSafeInteger(Math.trunc(Number(text))) ? Number(text) : text;
}

/** Words with dashes between them, as a command line takes them: `first-ever`. */
export function words(text: string | undefined): string | undefined {
  return text?.replaceAll('-', ' ');
}
