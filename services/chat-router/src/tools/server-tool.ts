/** A tool that the router itself executes for a model. */
export interface ServerTool {
  readonly name: string;
  readonly description: string;
  /** What its arguments must be, as JSON Schema. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /**
   * Takes arguments that fit `parameters`. What it gives back goes to the model as data. An `AppError`'s sentence is shown
   * to the model as well; of anything else it learns only that the tool failed. `callId` is this one call's, in whatever way
   * its model counts.
   */
  execute(args: Readonly<Record<string, unknown>>, context: { callId: string; signal: AbortSignal }): Promise<string>;
}
