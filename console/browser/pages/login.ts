/** A link from another site comes without the cookie. Whoever is logged in goes on from here. */
const next = new URLSearchParams(location.search).get('next') ?? '/live';
const response = await fetch('/api/session');
const { isOpen } = (await response.json()) as { isOpen: boolean };
if (isOpen && /^\/[a-z]/.test(next)) location.replace(next);

export {};
