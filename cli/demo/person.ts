import type { Story } from './story.ts';

export type Person = {
  /** What the application calls the person: an e-mail address of this run alone. */
  readonly identity: string;
  readonly firstName: string;
  readonly gender: 'female' | 'male' | 'other';
  readonly ageGroup: string;
};

const NAMES = [
  ['Ana', 'female'],
  ['Bilal', 'male'],
  ['Chiara', 'female'],
  ['Dmitri', 'male'],
  ['Emeka', 'male'],
  ['Freya', 'female'],
  ['Gül', 'female'],
  ['Hiro', 'male'],
  ['Inés', 'female'],
  ['Jonas', 'male'],
  ['Kim', 'other'],
  ['Łucja', 'female'],
] as const;

const AGE_GROUPS = ['18-24', '25-34', '35-44', '45-54', '55-64', '65+'];

/** Someone with an account; `number` keeps people of the same name apart. */
export function aPerson(story: Story, number: string, domain: string): Person {
  const [firstName, gender] = story.random.pick(NAMES);
  return {
    identity: story.named(`${firstName.toLowerCase()}.${number}`, domain),
    firstName,
    gender,
    ageGroup: story.random.pick(AGE_GROUPS),
  };
}
