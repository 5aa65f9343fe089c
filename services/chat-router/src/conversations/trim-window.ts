/** As much of a message as trimming looks at. */
export interface WindowMessage {
  role: string;
}

export interface TrimmedWindow<Message> {
  messages: Message[];
  /** How many were left out. */
  dropped: number;
  tokens: number;
  /** False: even what must stay is more than fits. */
  fits: boolean;
}

/**
 * What of a conversation is sent: every instruction (`system`, `developer`), and of the turns the last ones that fit beside
 * them, in their order. A turn is what a user says with all that follows until the next; it stays or goes as a whole, so that
 * no tool's result stands there without its call. The last turn always stays.
 */
export function trimWindow<Message extends WindowMessage>(
  messages: readonly Message[],
  tokensMax: number,
  tokensOf: (message: Message) => number,
): TrimmedWindow<Message> {
  const turns = turnsOf(messages);
  const isInstruction = ({ role }: WindowMessage): boolean => role === 'system' || role === 'developer';
  const costOf = (some: readonly Message[]): number => some.reduce((sum, message) => sum + tokensOf(message), 0);
  let tokens = costOf(messages.filter(isInstruction));
  const kept = new Set<readonly Message[]>();
  for (const turn of turns.toReversed()) {
    const cost = costOf(turn.filter((message) => !isInstruction(message)));
    if (kept.size > 0 && tokens + cost > tokensMax) break;
    kept.add(turn);
    tokens += cost;
  }
  const sent = turns.flatMap((turn) => (kept.has(turn) ? turn : turn.filter(isInstruction)));
  return { messages: sent, dropped: messages.length - sent.length, tokens, fits: tokens <= tokensMax };
}

/** What comes before the first user's message belongs to the first turn. */
function turnsOf<Message extends WindowMessage>(messages: readonly Message[]): Message[][] {
  const turns: Message[][] = [];
  let hasUser = false;
  for (const message of messages) {
    const isUser = message.role === 'user';
    const last = turns.at(-1);
    // Several messages of a user in a row are one turn: nothing has been answered yet.
    if (last === undefined || (isUser && hasUser && last.at(-1)?.role !== 'user')) turns.push([message]);
    else last.push(message);
    hasUser ||= isUser;
  }
  return turns;
}
