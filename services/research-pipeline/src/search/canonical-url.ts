const tracking = /^(?:utm_\w+|gclid|fbclid|msclkid|dclid|yclid|igshid|mc_[ce]id|_ga|ref_src)$/i;

/** One spelling for addresses of the same page: without its fragment and without who sent the reader. Other text as it is. */
export function canonicalUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  url.hash = '';
  for (const name of new Set(url.searchParams.keys())) if (tracking.test(name)) url.searchParams.delete(name);
  url.searchParams.sort();
  url.pathname = url.pathname.replace(/(.)\/$/, '$1');
  return url.href;
}
