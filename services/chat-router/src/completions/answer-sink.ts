/** Where an answer goes: to one client, over whatever carries it. */
export interface AnswerSink {
  readonly hasBegun: boolean;
  /** A whole answer, which is all there is. */
  document(headers: Readonly<Record<string, string>>, body: Buffer): void;
  /** Says that there will be a stream. Nothing can be taken back after it. */
  begin(headers: Readonly<Record<string, string>>): void;
  /** Resolves when more may be written; a client that reads slowly holds its writer back. Never rejects. */
  write(bytes: Buffer): Promise<void>;
  end(bytes: Buffer): void;
}
