/** What a name or value holds only inside quotes. */
export const reservedCharacters = /[\s\u0085{}!=~,\\"'`]/u;
