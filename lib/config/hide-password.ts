const LOGIN = /^([a-z][a-z\d+.-]*:\/\/)?([^:@]*):.*@/is;
const PARAMETER = /([?&]password=)[^&#]*/gi;

/**
 * A URL as it may be shown and logged: `***` in place of its password. Of a text that is no URL, as after a slip of
 * the hand, it hides what may be one.
 */
export function hidePassword(text: string): string {
  const url = URL.parse(text);
  const hasNone = url !== null && /^https?:$/.test(url.protocol) && url.password === '';
  const shown = hasNone ? text : text.replace(LOGIN, '$1$2:***@');
  return shown.replace(PARAMETER, '$1***');
}
