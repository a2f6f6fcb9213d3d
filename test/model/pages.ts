/** Pages of the random histories, each with what a session that lands on it must say, written out by hand. */

const NOTHING = {
  landing_page: '',
  landing_page_query: '',
  landing_page_hash: '',
  referrer: '',
  search_keyword: '',
  utm_source: '',
  utm_campaign: '',
  utm_medium: '',
  utm_term: '',
  utm_content: '',
};

/** What a session says that has seen no page. */
export const NO_LANDING = NOTHING;

export const PAGES = [
  { sent: { domain: 'shop.example', path: '/' }, landing: { ...NOTHING, landing_page: 'shop.example/' } },
  {
    sent: {
      domain: 'shop.example',
      path: '/sale',
      query: '?utm_source=news&utm_campaign=may%20day&utm_medium=email&utm_term=shoe&utm_content=top',
      hash: '#all',
      referrer: 'https://mail.example/inbox',
    },
    landing: {
      landing_page: 'shop.example/sale',
      landing_page_query:
        '?utm_source=news&utm_campaign=may%20day&utm_medium=email&utm_term=shoe&utm_content=top',
      landing_page_hash: '#all',
      referrer: 'https://mail.example/inbox',
      search_keyword: '',
      utm_source: 'news',
      utm_campaign: 'may day',
      utm_medium: 'email',
      utm_term: 'shoe',
      utm_content: 'top',
    },
  },
  {
    sent: { domain: 'blog.example', path: '/post', referrer: 'https://www.google.com/search?q=red+shoes' },
    landing: {
      ...NOTHING,
      landing_page: 'blog.example/post',
      referrer: 'https://www.google.com/search?q=red+shoes',
      search_keyword: 'red shoes',
    },
  },
] as const;
