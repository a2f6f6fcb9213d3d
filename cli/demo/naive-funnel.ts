/** One event of one person, as far as a funnel looks at it. */
export type Step = { readonly at: number; readonly name: string };

/**
 * How many people reached each step: tries every occurrence of the first step and keeps a person's best attempt.
 * Each step needs an event of its own, later than the one before, and within `withinMs` of the attempt's first.
 * The events of a person must be in order of time, without ties.
 */
export function countFunnel(
  people: Iterable<readonly Step[]>,
  steps: readonly string[],
  withinMs = Number.POSITIVE_INFINITY,
): number[] {
  const reached = steps.map(() => 0);
  for (const events of people) {
    let best = 0;
    for (let first = 0; first < events.length && best < steps.length; first += 1) {
      if (events[first]!.name === steps[0]) best = Math.max(best, attempt(events, first, steps, withinMs));
    }
    for (let step = 0; step < best; step += 1) reached[step]! += 1;
  }
  return reached;
}

/** Steps reached from the event at `first`, each taken as early as it can be. */
function attempt(events: readonly Step[], first: number, steps: readonly string[], withinMs: number): number {
  let done = 1;
  for (let at = first + 1; at < events.length && done < steps.length; at += 1) {
    const event = events[at]!;
    if (event.at - events[first]!.at > withinMs) break;
    if (event.name === steps[done]) done += 1;
  }
  return done;
}
