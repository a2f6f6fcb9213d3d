import type { Problem } from '#queries/written/place.ts';

/**
 * A problem of a written question as one of the command line that it was made of: `steps[1].where[0]` is the first `--where` of the
 * second `--step`. `options` names the option of a key where it is not the key itself.
 */
export function optionProblem({ path, problem }: Problem, options: Readonly<Record<string, string>>): string {
  const [, key = '', index, rest = ''] = /^([^.[]*)(?:\[(\d+)\])?(.*)$/.exec(path) ?? [];
  const option = `--${options[key] ?? key.replaceAll(' ', '-')}`;
  const place = index === undefined || Number(index) === 0 ? option : `${option} ${Number(index) + 1}`;
  const [, detail] = /^\.([^.[]+)/.exec(rest) ?? [];
  const saying =
    detail === undefined || ['event', 'definition', 'has', 'did', 'property'].includes(detail) ? '' : detail;
  return `Cannot read ${saying === '' ? place : `--${saying.replaceAll(' ', '-')} of ${place}`}: ${problem}`;
}
