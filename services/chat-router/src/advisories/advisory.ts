/** An alert that advises against a model while it fires. */
export interface Advisory {
  /** As the alert names it: with its provider or without. */
  readonly model: string;
  readonly alertName: string;
}

/** What an alert is labelled with by whoever wants the router to heed it. */
export const advises = { label: 'routing', value: 'avoid' } as const;
