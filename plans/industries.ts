import { readFileSync } from 'node:fs';

/** Industries that Cairn has a plan of: the file is `industries/NAME.yaml`. */
export const INDUSTRIES = ['ecommerce', 'saas', 'finance'] as const;
export type Industry = (typeof INDUSTRIES)[number];

/** Text of an industry's plan file. */
export function industryPlanText(industry: Industry): string {
  return readFileSync(new URL(`industries/${industry}.yaml`, import.meta.url), 'utf8');
}
