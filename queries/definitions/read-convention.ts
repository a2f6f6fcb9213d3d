import { type Read, readChoice, readList, readText } from '../written/read-value.ts';
import { WrittenObject } from '../written/written-object.ts';
import { type Convention, namesLike, REQUIRED_FIELDS } from './convention.ts';

const MOST_CATEGORIES = 200;

/** What a convention asks for: `names`, `categories`, `required`. */
export const readConvention: Read<Convention> = (value, place) => {
  const keys = ['names', 'categories', 'required'];
  const written = WrittenObject.read(value, place, keys, 'an object with names, categories and required');
  if (written === undefined) return undefined;
  return {
    names: written.optional('names', readNames),
    categories: written.optional('categories', readList(readText, 1, MOST_CATEGORIES)),
    required: written.or('required', readList(readChoice(REQUIRED_FIELDS), 0, REQUIRED_FIELDS.length), []),
  };
};

const readNames: Read<NonNullable<Convention['names']>> = (value, place) => {
  const text = readText(value, place);
  if (text === undefined) return undefined;
  const expression = /^\/(.*)\/$/s.exec(text)?.[1];
  if (expression === undefined) {
    const pattern = namesLike(text);
    return pattern === undefined
      ? place.want(
          'an example of a name, such as Object Action, or a regular expression between slashes',
          text,
        )
      : { text, pattern };
  }
  try {
    return { text, pattern: new RegExp(expression) };
  } catch (error) {
    return place.refuse((error as Error).message);
  }
};
