/** Where a session came from, read off its first pageview (Heap: session properties). */
export type Acquisition = {
  readonly search_keyword: string;
  readonly utm_source: string;
  readonly utm_campaign: string;
  readonly utm_medium: string;
  readonly utm_term: string;
  readonly utm_content: string;
};

export function readAcquisition(query: string, referrer: string): Acquisition {
  const parameters = new URLSearchParams(query);
  const utm = (name: string) => parameters.get(`utm_${name}`) ?? '';
  return {
    search_keyword: searchKeyword(referrer),
    utm_source: utm('source'),
    utm_campaign: utm('campaign'),
    utm_medium: utm('medium'),
    utm_term: utm('term'),
    utm_content: utm('content'),
  };
}

/** Parameter that holds the search term, by a label of the engine's host name. */
const SEARCH_PARAMETERS: Readonly<Record<string, string>> = {
  google: 'q',
  bing: 'q',
  duckduckgo: 'q',
  ecosia: 'q',
  yahoo: 'p',
  yandex: 'text',
  baidu: 'wd',
};

function searchKeyword(referrer: string): string {
  if (!URL.canParse(referrer)) return '';
  const { hostname, searchParams } = new URL(referrer);
  const engine = hostname.split('.').find((label) => Object.hasOwn(SEARCH_PARAMETERS, label));
  return engine === undefined ? '' : (searchParams.get(SEARCH_PARAMETERS[engine] as string) ?? '');
}
