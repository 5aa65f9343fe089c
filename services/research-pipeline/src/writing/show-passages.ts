import type { Source } from '../sources/source.ts';

/** A passage under the number by which a model may cite it. */
export interface Passage {
  number: number;
  source: Source;
  start: number;
  end: number;
}

/** The passages as a model is shown them: marked as material, and unable to close the mark that they stand in. */
export function showPassages(passages: readonly Passage[]): string {
  return passages
    .map(({ number, source, start, end }) => {
      const title = plain(source.title).replaceAll('"', "'");
      return `<passage number="${number}" title="${title}">\n${plain(source.text.slice(start, end))}\n</passage>`;
    })
    .join('\n');
}

function plain(text: string): string {
  return text.replaceAll(/<(?=\/?\s*passage\b)/giu, '‹');
}
