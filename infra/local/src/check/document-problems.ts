import { posix } from 'node:path';
import type { RepositoryFile } from './repository-files.ts';

/** One ```ts sample of a document: where it begins, and the code. */
export interface Sample {
  path: string;
  line: number;
  code: string;
}

/** Every ```ts sample of every document, in order. */
export function samplesOf(files: readonly RepositoryFile[]): Sample[] {
  return files.filter(({ path }) => path.endsWith('.md')).flatMap(samplesOfDocument);
}

function samplesOfDocument({ path, text }: RepositoryFile): Sample[] {
  const samples: Sample[] = [];
  for (const match of text.matchAll(/^```(?:ts|typescript)\b[^\n]*\n([\s\S]*?)^```/gm)) {
    samples.push({ path, line: text.slice(0, match.index).split('\n').length + 1, code: match[1] ?? '' });
  }
  return samples;
}

/**
 * What in the documents leads nowhere, one line for each: links to files or headings that are not there, files of ours
 * named in `code`, and commands (`npm run …`) that the root's manifest does not have.
 */
export function documentProblems(files: readonly RepositoryFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  const headings = new Map(
    files.filter(({ path }) => path.endsWith('.md')).map(({ path, text }) => [path, anchorsOf(text)]),
  );
  const manifest = files.find(({ path }) => path === 'package.json')?.text ?? '{}';
  const scripts = Object.keys((JSON.parse(manifest) as { scripts?: Record<string, string> }).scripts ?? {});

  const linkProblem = (from: string, target: string): string | null => {
    if (/^[a-z]+:/.test(target)) return null;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? from : posix.join(posix.dirname(from), file).replace(/\/$/, '');
    if (!paths.has(path) && !folders.has(path)) return `${from}: ${target} is not there`;
    if (anchor === undefined || headings.get(path)?.has(anchor) !== false) return null;
    return `${from}: ${path} has no heading #${anchor}`;
  };

  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) => {
      const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
      const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => linkProblem(path, match[1] ?? '') ?? []);
      const commands = [...text.matchAll(/\bnpm run ([\w:-]+)|\bnpm (start|test)\b/g)]
        .map((match) => match[1] ?? match[2] ?? '')
        .filter((script) => !scripts.includes(script))
        .map((script) => `${path}: there is no script ${script} in package.json`);
      const named = [...prose.matchAll(/`((?:\.config|services|packages|infra|e2e|bench|docs)\/[\w./-]+)`/g)]
        .map((match) => (match[1] ?? '').replace(/\/$/, ''))
        .filter((name) => !paths.has(name) && !folders.has(name))
        .map((name) => `${path}: \`${name}\` is not there`);
      return [...links, ...named, ...commands];
    });
}

function parentsOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}

/** The anchors that a Markdown viewer makes of headings. */
function anchorsOf(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map((match) =>
      (match[1] ?? '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
