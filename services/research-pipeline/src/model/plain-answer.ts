/** What a model means to say: without its thinking aloud, and without the fence that it puts around a document. */
export function plainAnswer(text: string): string {
  return text
    .replaceAll(/<(think|thinking|reasoning)>[^]*?<\/\1>/giu, '')
    .replace(/^[^]*?<\/(?:think|thinking|reasoning)>/iu, '')
    .replace(/^\s*```[\w-]*\s*\n([^]*?)\n?```\s*$/u, '$1')
    .trim();
}
