const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

export interface RequestSplice {
  /** What members become, or are where there were none. */
  set: Readonly<Record<string, unknown>>;
  /** Other names of members; one whose new name is taken goes. */
  rename?: Readonly<Record<string, string>>;
  remove?: readonly string[];
}

/**
 * The client's own bytes with some members of the outermost object changed. Everything else stays as it was written, digits
 * of numbers and unknown members included; without `rename` and `remove` every blank too. `body` must be a JSON object that
 * names no member twice, as `readJsonBody` made sure.
 */
export function spliceRequest(body: Buffer, { set, rename = {}, remove = [] }: RequestSplice): Buffer {
  const members = membersOf(body);
  const others = [...Object.keys(rename), ...remove].some((name) => members.has(name));
  return others ? rebuilt(body, members, { set, rename, remove }) : edited(body, members, set);
}

function edited(body: Buffer, members: ReadonlyMap<string, Span>, set: RequestSplice['set']): Buffer {
  const edits: { start: number; end: number; text: string }[] = [];
  let added = '';
  for (const name in set) {
    const present = members.get(name);
    if (present !== undefined) edits.push({ ...present, text: JSON.stringify(set[name]) });
    else
      added += `${added === '' && members.size === 0 ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(set[name])}`;
  }
  const end = body.lastIndexOf(closeBrace);
  if (added !== '') edits.push({ start: end, end, text: added });
  edits.sort((a, b) => a.start - b.start);

  const parts: Buffer[] = [];
  let position = 0;
  for (const { start, end: last, text } of edits) {
    parts.push(body.subarray(position, start), Buffer.from(text));
    position = last;
  }
  parts.push(body.subarray(position));
  return Buffer.concat(parts);
}

function rebuilt(body: Buffer, members: ReadonlyMap<string, Span>, splice: Required<RequestSplice>): Buffer {
  const { set, rename, remove } = splice;
  const parts: Buffer[] = [];
  const add = (name: string, value: Buffer): void => {
    parts.push(Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(name)}:`), value);
  };
  for (const [name, { start, end }] of members) {
    if (remove.includes(name)) continue;
    const given = Object.hasOwn(rename, name) ? (rename[name] ?? name) : name;
    if (Object.hasOwn(set, given) || (given !== name && members.has(given))) continue;
    add(given, body.subarray(start, end));
  }
  for (const name in set) add(name, Buffer.from(JSON.stringify(set[name])));
  return Buffer.concat(parts.length === 0 ? [Buffer.from('{}')] : [...parts, Buffer.from('}')]);
}

interface Span {
  start: number;
  end: number;
}

/** Where the values of the outermost object stand, by name. Only strings are looked into, and only to find their ends. */
function membersOf(body: Buffer): Map<string, Span> {
  const members = new Map<string, Span>();
  let depth = 0;
  let name: string | null = null;
  let valueStart = 0;
  let lastByte = 0;
  let nameNext = false;

  for (let position = 0; position < body.length; position += 1) {
    const byte = body[position] ?? 0;
    if (byte <= 0x20) continue;
    if (byte === quote) {
      const end = endOfString(body, position);
      if (depth === 1 && nameNext) {
        name = JSON.parse(body.toString('utf8', position, end)) as string;
        nameNext = false;
        valueStart = 0;
        position = afterColon(body, end) - 1;
        continue;
      }
      if (valueStart === 0) valueStart = position;
      position = end - 1;
      lastByte = end;
      continue;
    }
    if (depth === 1 && (byte === comma || byte === closeBrace)) {
      if (name !== null) members.set(name, { start: valueStart, end: lastByte });
      name = null;
      nameNext = true;
      if (byte === closeBrace) break;
      continue;
    }
    if (byte === openBrace || byte === openBracket) {
      depth += 1;
      if (depth === 1) {
        nameNext = true;
        continue;
      }
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
    }
    if (valueStart === 0) valueStart = position;
    lastByte = position + 1;
  }
  return members;
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(body: Buffer, start: number): number {
  let end = body.indexOf(quote, start + 1);
  while (end !== -1) {
    let escapes = 0;
    while (body[end - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
    end = body.indexOf(quote, end + 1);
  }
  return body.length;
}

function afterColon(body: Buffer, position: number): number {
  return body.indexOf(0x3a, position) + 1;
}
