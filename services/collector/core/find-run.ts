/** Whether values occur one directly after the other, as the records of one batch do. */
export function findRun(values: readonly (Buffer | null)[], run: readonly Buffer[]): boolean {
  const isAt = (start: number) => run.every((value, index) => values[start + index]?.equals(value) === true);
  for (let start = 0; start + run.length <= values.length; start += 1) if (isAt(start)) return true;
  return false;
}
