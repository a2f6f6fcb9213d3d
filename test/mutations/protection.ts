/** Something that keeps the pipeline's promises, and the test that fails where it is switched off. */
export type Protection = {
  readonly name: string;
  /** What happens without it. */
  readonly against: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  /** What stands in its place where the protection is switched off. */
  readonly replace: string;
  /** Test file that must fail then, from the root of the repository. */
  readonly testFile: string;
  /** Name of the test in it that must fail; without it any of the file. */
  readonly testName?: string;
};

/** How often a text occurs in another. */
export function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}
