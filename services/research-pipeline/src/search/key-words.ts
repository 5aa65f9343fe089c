/** Words of questions that say how something is asked, not what. */
const small = new Set(
  (
    'a about an and any are as at be been between both but by can could did do does for from had has have how i in into is it its ' +
    'may more most of on or other our should so some such than that the their them then there these they this those to under up ' +
    'use used using was we were what when where which while who why will with would you your'
  ).split(' '),
);

/** The words of a question that are worth looking for, as they are written, each once. All of them when none is. */
export function keyWordsOf(query: string, wordsMax: number): string[] {
  const words = query.match(/[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}.+#'’_-]*/gu) ?? [];
  const clean = words.map((word) => word.replace(/[.'’_-]+$/u, ''));
  const known = new Set<string>();
  const different = clean.filter((word) => !known.has(word.toLowerCase()) && known.add(word.toLowerCase()));
  const telling = different.filter((word) => !small.has(word.toLowerCase()));
  return (telling.length > 0 ? telling : different).slice(0, wordsMax);
}
