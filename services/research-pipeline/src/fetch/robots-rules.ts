/** What a robots.txt asks of one reader (RFC 9309). */
export interface RobotsRules {
  isAllowed(url: URL): boolean;
  /** The seconds that it asks for between two requests; null when it does not. */
  readonly crawlDelaySeconds: number | null;
}

interface Group {
  agents: string[];
  rules: { allows: boolean; pattern: string }[];
  crawlDelaySeconds: number | null;
}

/** Reads the rules for a product such as `SignalboxResearch`: those of its own groups, else those for everybody. */
export function readRobots(text: string, product: string): RobotsRules {
  const groups = groupsOf(text);
  const own = groups.filter(({ agents }) => agents.includes(product.toLowerCase()));
  const chosen = own.length > 0 ? own : groups.filter(({ agents }) => agents.includes('*'));
  const rules = chosen.flatMap((group) => group.rules);
  return {
    // The longest rule decides, and of two as long the one that allows.
    isAllowed(url) {
      const path = normal(url.pathname + url.search);
      if (path === '/robots.txt') return true;
      let best = { length: -1, allows: true };
      for (const { allows, pattern } of rules) {
        const { length } = pattern;
        if (length < best.length || (length === best.length && best.allows)) continue;
        if (matches(pattern, path)) best = { length, allows };
      }
      return best.allows;
    },
    crawlDelaySeconds: chosen.reduce<number | null>((longest, { crawlDelaySeconds }) => {
      if (crawlDelaySeconds === null) return longest;
      return Math.max(longest ?? 0, crawlDelaySeconds);
    }, null),
  };
}

function groupsOf(text: string): Group[] {
  const groups: Group[] = [];
  let isNaming = false;
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const [, field = '', value = ''] = /^\s*([a-z-]+)\s*:\s*(.*?)\s*$/i.exec(line.replace(/#.*$/s, '')) ?? [];
    const name = field.toLowerCase();
    if (name === 'user-agent') {
      if (!isNaming) groups.push({ agents: [], rules: [], crawlDelaySeconds: null });
      isNaming = true;
      groups.at(-1)?.agents.push(productOf(value));
    } else if (name === 'allow' || name === 'disallow') {
      isNaming = false;
      if (value !== '') groups.at(-1)?.rules.push({ allows: name === 'allow', pattern: normal(value) });
    } else if (name === 'crawl-delay') {
      isNaming = false;
      const group = groups.at(-1);
      const seconds = Number(value);
      if (group !== undefined && value !== '' && seconds >= 0) group.crawlDelaySeconds = seconds;
    }
  }
  return groups;
}

/** `SignalboxResearch/1.0` names the same reader as `signalboxresearch`. */
function productOf(value: string): string {
  return value === '*' ? '*' : (/^[a-z_-]+/i.exec(value)?.[0] ?? value).toLowerCase();
}

/** One spelling for each path: what need not be encoded is not, and what is, is so in capitals. */
function normal(path: string): string {
  return path
    .replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
      const letter = String.fromCharCode(Number.parseInt(hex, 16));
      return /[\w.~-]/.test(letter) ? letter : encoded.toUpperCase();
    })
    .replace(/[^\x21-\x7e]+/g, (letters) => encodeURIComponent(letters.toWellFormed()));
}

/** `*` stands for anything and `$` at the end for the end. Piece by piece, so that no pattern takes longer than its length. */
function matches(pattern: string, path: string): boolean {
  const isWhole = pattern.endsWith('$');
  const pieces = (isWhole ? pattern.slice(0, -1) : pattern).split('*');
  const [first = '', ...others] = pieces;
  if (!path.startsWith(first)) return false;
  let place = first.length;
  for (const [index, piece] of others.entries()) {
    if (isWhole && index === others.length - 1) return path.length - piece.length >= place && path.endsWith(piece);
    const found = path.indexOf(piece, place);
    if (found === -1) return false;
    place = found + piece.length;
  }
  return !isWhole || place === path.length;
}
