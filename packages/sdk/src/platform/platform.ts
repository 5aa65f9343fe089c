/** One request as it goes out. */
export interface WireRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | string | null;
  signal: AbortSignal;
  /** The page is about to go away: the browser finishes the request all the same. */
  outlivesPage?: boolean;
}

/** An answer whose body has not been read yet. */
export interface WireAnswer {
  status: number;
  /** A header by its name in small letters; null when it is absent. */
  header(name: string): string | null;
  body: AsyncIterable<Uint8Array>;
}

/** Carries requests. It throws what the network threw, or the reason of the signal. */
export interface Transport {
  send(request: WireRequest): Promise<WireAnswer>;
  /** Closes the connections; requests that are under way fail. */
  close(): void;
}

/** Lines on a disk that outlive the process. Every method may throw what the file system throws. */
export interface SpoolFile {
  read(): string[];
  append(lines: readonly string[]): void;
  /** Replaces all that is there, so that a crash leaves the old or the new. */
  rewrite(lines: readonly string[]): void;
}

/** What differs between Node and browsers. */
export interface Platform {
  /** Headers that name the client; browsers name themselves. */
  ownHeaders: Readonly<Record<string, string>>;
  openTransport(options: { connectionsMax: number }): Transport;
  /** Throws where there is no disk. */
  openSpoolFile(path: string): SpoolFile;
  /** Calls `flush` once nothing else keeps the program or page alive. Gives what takes that back. */
  beforeEnd(flush: (end: { outlivesPage: boolean }) => Promise<unknown>): () => void;
  /** A timer that keeps no process alive. Gives what clears it. */
  startIdleTimer(callback: () => void, ms: number): () => void;
}
