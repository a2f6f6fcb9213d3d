import { readFileSync } from 'node:fs';
import { ConfigError } from '#lib/errors.ts';
import type { Plan } from './core/plan.ts';
import { readPlan } from './read-plan.ts';

/** The plan of a file. Throws ConfigError with every problem. */
export function loadPlan(file: string): Plan {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([`Cannot read the tracking plan ${file}: ${(cause as Error).message}`], { cause });
  }
  const read = readPlan(text, file);
  if ('problems' in read) throw new ConfigError(read.problems);
  return read.plan;
}
