/** What stands between two pieces of text: nothing, a space, a cell, a line, a block. The strongest of several wins. */
const separators = ['', ' ', '\t', '\n', '\n\n'] as const;
type Separator = 0 | 1 | 2 | 3 | 4;

const spaceApart = 1;
export const [cellApart, lineApart, blockApart] = [2, 3, 4] as const satisfies Separator[];

/** Writes running text, with white space only where it separates something. */
export class TextWriter {
  readonly #pieces: string[] = [];
  #pending: Separator = 0;

  /** White space within it is collapsed. */
  write(text: string): void {
    const words = text.replace(/\s+/g, ' ');
    if (words.startsWith(' ')) this.separate(spaceApart);
    const trimmed = words.trim();
    if (trimmed === '') return;
    this.#append(trimmed);
    if (words.endsWith(' ')) this.separate(spaceApart);
  }

  /** As it is, with its lines and its indentation. */
  writeAsIs(text: string): void {
    if (text.trim() !== '') this.#append(text);
  }

  separate(separator: Separator): void {
    if (separator > this.#pending) this.#pending = separator;
  }

  toString(): string {
    return this.#pieces.join('').replace(/\n{3,}/g, '\n\n');
  }

  #append(text: string): void {
    if (this.#pieces.length > 0) this.#pieces.push(separators[this.#pending]);
    this.#pieces.push(text);
    this.#pending = 0;
  }
}
