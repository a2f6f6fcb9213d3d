import type { Protection } from './protection.ts';
import { ANSWERS } from './protections/answers.ts';
import { DEFINITIONS } from './protections/definitions.ts';
import { FUNNELS } from './protections/funnels.ts';
import { KAFKAJS } from './protections/kafkajs.ts';
import { LOADER } from './protections/loader.ts';
import { PLANS } from './protections/plans.ts';
import { QUESTIONS } from './protections/questions.ts';
import { STAGES } from './protections/stages.ts';
import { STARTS_AND_EDGES } from './protections/starts-and-edges.ts';

/** Every protection that the mutation check switches off, those with the quickest tests first. */
export const PROTECTIONS: readonly Protection[] = [
  ...KAFKAJS,
  ...PLANS,
  ...DEFINITIONS,
  ...ANSWERS,
  ...FUNNELS,
  ...QUESTIONS,
  ...STAGES,
  ...LOADER,
  ...STARTS_AND_EDGES,
];
