export { createSignalbox, type Signalbox, type SignalboxOptions } from './signalbox.ts';
export {
  CircuitOpenError,
  ConnectionError,
  SignalboxError,
  TimeoutError,
  type RejectedField,
  type SignalboxErrorKind,
} from './signalbox-error.ts';
export type { BreakerPolicy } from './calls/breaker.ts';
export type { CallOptions } from './calls/caller.ts';
export type { RetryPolicy } from './calls/retry.ts';
export type { ChatChunk, ChatCompletion, ChatMessage, ChatRequest, ChatTool, ToolCall } from './chat/chat-messages.ts';
export type { RunnableTool, RunToolsOptions, RunToolsResult } from './chat/run-tools.ts';
export type { FileToUpload } from './documents/encode-form.ts';
export type { BatchError, BatchOutcome, CollectResult } from './metrics/metrics.ts';
export type { MonitorOptions, MoreDetails, SampleDetails, Timer } from './metrics/monitor.ts';
export type { BufferOptions, DropReason, FlushResult } from './metrics/sample-buffer.ts';
export type { SampleInput } from './metrics/sample.ts';
export type { Transport, WireAnswer, WireRequest } from './platform/platform.ts';
export type { Alert, AlertRule, AlertRuleInput } from './planned-operations.ts';
export type { FollowOptions, TypedEvent } from './streams/follow-events.ts';
export type { WaitOptions } from './streams/wait-for-end.ts';
export type { Document, ResearchAnswer, ResearchInput, ResearchJob } from './wire.ts';
