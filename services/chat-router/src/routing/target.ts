/** One model of one provider. */
export interface Target {
  /** Holds no slash. */
  provider: string;
  /** The provider's own name of the model. */
  model: string;
}

/** The name by which a target is listed, asked for without doubt, and recorded. */
export function modelId(target: Target): string {
  return `${target.provider}/${target.model}`;
}
