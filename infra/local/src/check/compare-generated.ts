import type { RepositoryFile } from './repository-files.ts';

/** Where the committed files differ from what the code makes, one line for each, with the first line that differs. */
export function compareGenerated(made: readonly RepositoryFile[], committed: readonly RepositoryFile[]): string[] {
  const texts = new Map(committed.map(({ path, text }) => [path, text]));
  return made.flatMap(({ path, text }) => {
    const now = texts.get(path);
    if (now === undefined) return [`${path}: is not there`];
    if (now === text) return [];
    const [before, after] = [now.split('\n'), text.split('\n')];
    const line = after.findIndex((content, index) => content !== before[index]);
    const at = line === -1 ? after.length : line;
    return [`${path}:${at + 1}: has "${before[at] ?? ''}", the code makes "${after[at] ?? ''}"`];
  });
}
