/** Which rows count. */
export interface SampleFilter {
  tenantId: string;
  modelId?: string | undefined;
  modelVersion?: string | undefined;
  environment?: string | undefined;
  tag?: { name: string; value: string } | undefined;
}
