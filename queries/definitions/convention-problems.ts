import { didYouMean } from '#lib/near-names.ts';
import { orList } from '../written/read-value.ts';
import type { Convention } from './convention.ts';
import type { Definition, DefinitionProblem } from './definition.ts';

/** Where definitions are not as the convention asks. What is archived may stay as it was. */
export function conventionProblems(
  definitions: readonly Definition[],
  { names, categories, required }: Convention,
): readonly DefinitionProblem[] {
  return definitions
    .filter(({ archived }) => !archived)
    .flatMap((definition) => {
      const { name, category, place } = definition;
      const shown = JSON.stringify(name);
      return [
        ...(names === undefined || names.pattern.test(name)
          ? []
          : [`the name ${shown} is not as the convention asks: ${names.text}`]),
        ...(category === '' || categories === undefined || categories.includes(category)
          ? []
          : [
              `${shown} has the unknown category ${JSON.stringify(category)}${didYouMean(category, categories) || `; there is ${orList(categories)}`}`,
            ]),
        ...required
          .filter((field) => definition[field].trim() === '')
          .map((field) => `${shown} has no ${field}, which the convention asks for`),
      ].map((problem): DefinitionProblem => ({ place, severity: 'error', problem }));
    });
}
