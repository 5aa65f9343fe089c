/**
 * The wire as plain TypeScript, made from packages/contracts by `npm run check -- --write`: what clients send and get, without
 * the library that checks it. Not written by hand.
 */

/** `rate` is how many values there were a second, of a counter how much was added a second. A percentile is within 1 % of the value at rank ⌈q·n⌉ (`p95`: q = 0.95). */
export type Aggregate = 'avg' | 'min' | 'max' | 'count' | 'sum' | 'p50' | 'p95' | 'p99' | 'rate';

export interface Alert {
  id: string;
  /** 16 hexadecimal digits: the identity by which Alertmanager knows it. */
  fingerprint: string;
  name: string;
  source: 'rule' | 'posted';
  /** Null: it was posted. */
  rule_id: string | null;
  model_id: string | null;
  /** `latency`, `error_rate`, `drift`, `resource_usage`, or another kind. */
  alert_type: string;
  /** One of ours, or what a posted alert says. */
  severity: string;
  message: string;
  state: AlertState;
  resolved: boolean;
  /** How many times it has begun. A new breach after its end begins the next. */
  episode: number;
  /** How many observations of this episode confirmed it. */
  count: number;
  value: number | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  generator_url: string;
  /** When this episode began. */
  timestamp: string;
  active_since: string | null;
  fired_at: string | null;
  last_seen_at: string | null;
  /** Of a posted one: until when it is taken to hold. Null: until it is seen to end. */
  ends_at: string | null;
  resolved_at: string | null;
  resolution: {
    reason: 'condition' | 'timeout' | 'manual' | 'no_data' | 'rule_deleted';
    by: string | null;
    note: string | null;
  } | null;
  acknowledgement: {
    at: string;
    by: string;
    note: string | null;
    until: string | null;
  } | null;
  snoozed_until: string | null;
  assignee: string | null;
  /** It fires and ends again and again. */
  flapping: boolean;
  /** What it looks at is not measured at the moment. */
  no_data: boolean;
  updated_at: string;
}

export type AlertCondition = SeriesCondition | SignalCondition | BurnRateCondition | WatchdogCondition;

export interface AlertEvent {
  /** Its place, for `Last-Event-ID`. */
  id: string;
  alert_id: string;
  episode: number;
  type: 'pending' | 'cleared' | 'fired' | 'resolved' | 'severity_changed' | 'flapping' | 'steady' | 'acknowledged' | 'unacknowledged' | 'snoozed' | 'unsnoozed' | 'assigned' | 'commented';
  at: string;
  /** Null: nobody but the condition. */
  by: string | null;
  details: Record<string, unknown>;
}

export interface AlertRule {
  id: string;
  name: string;
  origin: 'api' | 'yaml' | 'default';
  enabled: boolean;
  condition: AlertCondition;
  interval: string;
  for: string;
  keep_firing_for: string;
  cooldown: string;
  no_data: 'alert' | 'ok' | 'keep' | 'no_data';
  severity: 'by_ratio' | AlertSeverity;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  channels: string[];
  notify_limit: NotifyLimit | null;
  /** The moment of the last evaluation. */
  evaluated_at: string | null;
  /** Why the last evaluation could not be made. Null: it was. */
  error: string | null;
  created_at: string;
  updated_at: string;
}

export interface AlertRuleChanges {
  /** Becomes the label `alertname`; one of its kind in a tenant. */
  name?: string;
  enabled?: boolean;
  condition?: AlertCondition;
  /** How often it is evaluated by the clock. Default `30s`; 1s to 1d. */
  interval?: string;
  /** How long it must hold before it fires. Default `0`. */
  for?: string;
  /** How long it fires on after it was last seen to hold. Default `0`. */
  keep_firing_for?: string;
  /** How long after an end the next beginning waits, unless more severe. Default `0`. */
  cooldown?: string;
  /** What it means when nothing is measured: a breach, none, no change, an end of its own kind. Default `keep`. */
  no_data?: 'alert' | 'ok' | 'keep' | 'no_data';
  /** `by_ratio`: by value ÷ threshold, from 2 critical, 1.5 high, 1.2 medium, else low. Default `by_ratio`. */
  severity?: 'by_ratio' | AlertSeverity;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Names of receivers; becomes the label `channels`. */
  channels?: string[];
  /** Null, or absent: as many as the channel takes. */
  notify_limit?: NotifyLimit | null;
}

export interface AlertRuleInput {
  /** Becomes the label `alertname`; one of its kind in a tenant. */
  name: string;
  enabled?: boolean;
  condition: AlertCondition;
  /** How often it is evaluated by the clock. Default `30s`; 1s to 1d. */
  interval?: string;
  /** How long it must hold before it fires. Default `0`. */
  for?: string;
  /** How long it fires on after it was last seen to hold. Default `0`. */
  keep_firing_for?: string;
  /** How long after an end the next beginning waits, unless more severe. Default `0`. */
  cooldown?: string;
  /** What it means when nothing is measured: a breach, none, no change, an end of its own kind. Default `keep`. */
  no_data?: 'alert' | 'ok' | 'keep' | 'no_data';
  /** `by_ratio`: by value ÷ threshold, from 2 critical, 1.5 high, 1.2 medium, else low. Default `by_ratio`. */
  severity?: 'by_ratio' | AlertSeverity;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Names of receivers; becomes the label `channels`. */
  channels?: string[];
  /** Null, or absent: as many as the channel takes. */
  notify_limit?: NotifyLimit | null;
}

export type AlertSeverity = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** `pending`: the condition holds, but not for long enough yet. `inactive`: it ended before it was. */
export type AlertState = 'inactive' | 'pending' | 'firing' | 'resolved';

export interface AlertTrace {
  fingerprint: string;
  /** The newest first. */
  decisions: ({
    group_key: string;
    receiver: string;
    outcome: 'told' | 'not_told';
    reason: string;
    silenced_by: string[];
    inhibited_by: string[];
    muted_by: string[];
    /** How often in a row it was decided so. */
    times: number;
    first_at: string;
    last_at: string;
    notification_id: string | null;
    deliveries: Delivery[];
  })[];
  next_decision_at: ({
    group_key: string;
    at: string;
  })[];
}

export interface AlertingConfiguration {
  /** Alertmanager's YAML, with every secret replaced by `<secret>`. */
  original: string;
  /** Counts the changes; 0 for the one in force where nobody wrote any. */
  revision: number;
  /** What was read, but has no effect here. */
  warnings: string[];
  updated_at: string | null;
  updated_by: string | null;
}

export interface AmAlert {
  annotations: AmLabels;
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  endsAt: string;
  fingerprint: string;
  receivers: ({
    name: string;
  })[];
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  startsAt: string;
  status: {
    inhibitedBy: string[];
    mutedBy: string[];
    silencedBy: string[];
    state: 'unprocessed' | 'active' | 'suppressed';
  };
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  updatedAt: string;
  generatorURL?: string;
  labels: AmLabels;
}

export interface AmAlertGroup {
  alerts: AmAlert[];
  labels: AmLabels;
  receiver: {
    name: string;
  };
  routeLabels: AmLabels;
}

export type AmLabels = Record<string, string>;

export interface AmMatcher {
  isEqual: boolean;
  isRegex: boolean;
  name: string;
  value: string;
}

export interface AmReceiver {
  name: string;
  labels?: AmLabels;
}

export interface AmSilence {
  id: string;
  status: {
    state: 'active' | 'pending' | 'expired';
  };
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  updatedAt: string;
  annotations?: AmLabels;
  comment: string;
  createdBy: string;
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  endsAt: string;
  matchers: AmMatcher[];
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  startsAt: string;
}

export interface AmStatus {
  cluster: {
    name?: string;
    peers: ({
      address: string;
      name: string;
    })[];
    status: 'ready' | 'settling' | 'disabled';
  };
  config: {
    original: string;
  };
  /** RFC 3339; `0001-01-01T00:00:00.000Z` stands for none. */
  uptime: string;
  versionInfo: {
    branch: string;
    buildDate: string;
    buildUser: string;
    goVersion: string;
    revision: string;
    version: string;
  };
}

export interface ApiKey {
  id: string;
  name: string;
  /** The beginning of the key, enough to recognise it. */
  hint: string;
  scopes: Scope[];
  limits: KeyLimits;
  /** `expiring`: rotated, and still accepted for the overlap. */
  status: 'active' | 'expiring' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  /** The key that took over at a rotation. */
  replaced_by: string | null;
}

export interface ApiKeyInput {
  name: string;
  /** At most what the caller holds itself. */
  scopes: Scope[];
  /** Absent: the key does not expire. */
  expires_in_days?: number;
  limits?: KeyLimits;
}

/** `single`: the first model that can answers. `ensemble`: every model proposes, one makes the answer of it. `hybrid`: the work is cut into steps that depend on each other, the steps are done, and their results fused. */
export type Architecture = 'single' | 'ensemble' | 'hybrid';

export type AuditAction = 'login.succeeded' | 'login.failed' | 'login.locked' | 'session.refreshed' | 'session.reuse_detected' | 'session.ended' | 'credential.refused' | 'access.denied' | 'api_key.created' | 'api_key.updated' | 'api_key.rotated' | 'api_key.revoked' | 'user.created' | 'user.updated' | 'tenant.created' | 'limits.reloaded' | 'job.replayed' | 'job.deleted' | 'breaker.reset' | 'cache.cleared' | 'alert.changed' | 'alert.resolved' | 'alert_rule.changed' | 'alerting_configuration.changed' | 'channel.changed' | 'channel.tested' | 'delivery.replayed' | 'document.deleted' | 'document.uploaded' | 'escalation_policy.changed' | 'maintenance_window.changed' | 'party_review.decided' | 'silence.changed' | 'provider.changed' | 'research.approved' | 'research.cancelled' | 'research.deleted' | 'research.retried' | 'research_queue.changed' | 'routing.changed' | 'search_credential.changed' | 'system.changed' | 'tool.changed' | 'tool.granted' | 'budget.changed';

export interface AuditEvent {
  id: string;
  at: string;
  /** Null where no tenant could be told, as for a refused credential. */
  tenant_id: string | null;
  /** The principal's id, or `anonymous`. */
  actor: string;
  action: AuditAction;
  target: string | null;
  outcome: 'ok' | 'refused';
  request_id: string | null;
  ip: string | null;
  /** Facts about the act, never a secret. */
  details: Record<string, unknown>;
}

export interface BatchItemResult {
  index: number;
  status: 'stored' | 'duplicate' | 'rejected';
  errors?: ({
    path: string;
    message: string;
  })[];
}

export interface BatchResult {
  /** Stored now, or before. */
  accepted: number;
  /** Of these, how many were there already. */
  duplicates: number;
  rejected: number;
  results: BatchItemResult[];
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Budget {
  id: string;
  name: string;
  scope: BudgetScope;
  period: 'hour' | 'day' | 'month';
  hard_usd: UsdAmount | null;
  soft_usd: UsdAmount | null;
  hard_tokens: number | null;
  soft_tokens: number | null;
  /** What a budget in dollars does about a model whose price nobody knows. */
  unknown_price: {
    kind: 'refuse';
  } | {
    kind: 'ceiling';
    usd_per_million_tokens: UsdAmount;
  };
  created_at: string;
  updated_at: string;
  /** The present period, counted from the ledger. */
  current: {
    from: string;
    to: string;
    spent_usd: UsdAmount;
    spent_tokens: number;
  };
}

export interface BudgetChanges {
  name?: string;
  /** Nothing is spent beyond it: requests are refused before they are made. */
  hard_usd?: UsdAmount | null;
  /** Told of when it is crossed; nothing is refused. */
  soft_usd?: UsdAmount | null;
  hard_tokens?: number | null;
  soft_tokens?: number | null;
  /** What a budget in dollars does about a model whose price nobody knows. */
  unknown_price?: {
    kind: 'refuse';
  } | {
    kind: 'ceiling';
    usd_per_million_tokens: UsdAmount;
  };
}

export interface BudgetInput {
  name: string;
  scope: BudgetScope;
  /** Of the calendar, in UTC. */
  period: 'hour' | 'day' | 'month';
  /** Nothing is spent beyond it: requests are refused before they are made. */
  hard_usd?: UsdAmount | null;
  /** Told of when it is crossed; nothing is refused. */
  soft_usd?: UsdAmount | null;
  hard_tokens?: number | null;
  soft_tokens?: number | null;
  /** Absent: such requests are refused. */
  unknown_price?: {
    kind: 'refuse';
  } | {
    kind: 'ceiling';
    usd_per_million_tokens: UsdAmount;
  };
}

/** Whose spending counts. */
export type BudgetScope = {
  kind: 'tenant';
} | {
  kind: 'key';
  /** The API key or the user. */
  key_id: string;
} | {
  kind: 'system';
  /** The system or alias. */
  system: string;
};

export interface BurnRateCondition {
  kind: 'burn_rate';
  /** Absent: every objective. */
  objective_id?: string;
  long_window: '1h' | '6h' | '3d';
  /** 14.4 of 1h, 6 of 6h, 1 of 3d: both windows have to burn faster. */
  factor: number;
}

/** `api_response`: answers to requests that are the same to the letter. `vision_result`: what was read from documents. `response_item`: parts of responses that later ones may refer to. `semantic`: the index of questions by what they mean; the answers themselves are in `api_response`. */
export type CacheName = 'api_response' | 'vision_result' | 'response_item' | 'semantic';

export interface CacheNamespaceState {
  namespace: CacheName;
  /** `degraded`: it does not answer at the moment, and requests are answered without it. */
  state: 'ready' | 'degraded' | 'not_configured';
  /** Null: nobody can tell at the moment. */
  entries: number | null;
  /** Of what is kept; null where it is not counted. */
  bytes: number | null;
  /** Lookups that it answered, in all replicas; up to a second late. */
  hits: number;
  misses: number;
  /** Hits by lookups; null: nothing was looked up. */
  hit_ratio: number | null;
  counted_since: string | null;
  /** How long an entry is kept; null: nothing is. */
  ttl_seconds: number | null;
}

export interface Channel {
  id: string;
  name: string;
  kind: string;
  enabled: boolean;
  /** Why it was switched off by itself; null otherwise. */
  disabled_reason: string | null;
  send_resolved: boolean;
  rate_limit: {
    messages: number;
    window_seconds: number;
  };
  heartbeat_seconds: number | null;
  /** Without secrets; of addresses that are one, the origin. */
  settings: Record<string, unknown>;
  created_at: string;
  updated_at: string;
}

export interface ChannelChanges {
  name?: string;
  /** Default true. */
  enabled?: boolean;
  /** Whether it is told when alerts have ended; default true. */
  send_resolved?: boolean;
  /** Default: what suits the kind. */
  rate_limit?: {
    messages: number;
    window_seconds: number;
  };
  /** How often it is told that alerting is alive, for somebody who notices when it is not. */
  heartbeat_seconds?: number | null;
  /** Only what changes; what is left out stays. */
  settings?: Record<string, unknown>;
}

export interface ChannelInput {
  name: string;
  /** Default true. */
  enabled?: boolean;
  /** Whether it is told when alerts have ended; default true. */
  send_resolved?: boolean;
  /** Default: what suits the kind. */
  rate_limit?: {
    messages: number;
    window_seconds: number;
  };
  /** How often it is told that alerting is alive, for somebody who notices when it is not. */
  heartbeat_seconds?: number | null;
  kind: string;
  /** By kind. `webhook`: `url`, `method` (POST or PUT), `headers`, `secrets`, `alerts_max`, `timeout_ms`. `slack`: `url`, `channel`, `username`. `email`: `to`, `from`, `host`, `port`, `security` (starttls, tls, opportunistic, none), `username`, `password`, `ca_pem`, `hello`. `pagerduty`: `routing_key`, `url`. `github_issue`: `repository`, `token`, `labels`, `api_url`. */
  settings: Record<string, unknown>;
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: ({
    index: number;
    message: {
      role: string;
      content?: string | null;
      [member: string]: unknown;
    };
    finish_reason: string | null;
    [member: string]: unknown;
  })[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
    [member: string]: unknown;
  };
  [member: string]: unknown;
}

export interface ChatCompletionRequest {
  model: string;
  messages: ({
    role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
    content?: string | ({
      type: string;
      [member: string]: unknown;
    })[] | null;
    [member: string]: unknown;
  })[];
  stream?: boolean | null;
  stream_options?: {
    include_usage?: boolean;
    [member: string]: unknown;
  } | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  presence_penalty?: number | null;
  frequency_penalty?: number | null;
  n?: number | null;
  stop?: string | string[] | null;
  tools?: (Record<string, unknown>)[] | null;
  tool_choice?: string | Record<string, unknown> | null;
  response_format?: {
    type: string;
    [member: string]: unknown;
  } | null;
  signalbox?: SignalboxOptions;
  [member: string]: unknown;
}

export interface ChatInput {
  messages: ({
    role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
    content?: string | ({
      type: string;
      [member: string]: unknown;
    })[] | null;
    [member: string]: unknown;
  })[];
  /** A model, an alias, a system, or `auto`. */
  model?: string;
  max_tokens?: number;
  temperature?: number;
  stream?: boolean;
  signalbox?: SignalboxOptions;
}

export interface ChatReply {
  role: 'assistant';
  content: string;
  /** Who answered: `provider/model`. */
  model: string;
  usage: {
    /** Null: the provider did not say. */
    input_tokens: number | null;
    output_tokens: number | null;
    total_tokens: number | null;
  };
  /** Null: nobody knows the price. */
  cost: UsdAmount | null;
  /** With `signalbox.explain`. */
  routing?: Routing;
}

export interface ComponentHealth {
  status: HealthStatus;
  latency_ms: number;
  error?: string;
}

export interface ConnectionChanges {
  /** Its models are asked for as `name/model`. */
  name?: string;
  base_url?: string | null;
  /** Null: it is forgotten. */
  api_key?: string | null;
  models?: string[] | null;
  /** In place of all options before. */
  options?: ConnectionOptions;
}

export interface ConnectionInput {
  /** Its models are asked for as `name/model`. */
  name: string;
  kind: ProviderKind;
  /** As for the official clients. Absent: the provider’s own; `openai_compatible` needs one. */
  base_url?: string;
  /** Sealed at once, and never readable again. */
  api_key?: string;
  /** Absent: those that the registry knows of the provider. */
  models?: string[];
  options?: ConnectionOptions;
}

export interface ConnectionOptions {
  timeouts?: {
    connect_ms?: number;
    first_token_ms?: number;
    idle_ms?: number;
    document_ms?: number;
    stream_ms?: number;
  };
  /** After how many failures in which time it rests, and for how long. */
  breaker?: {
    failures_max?: number;
    window_ms?: number;
    open_ms?: number;
  };
  /** In what a server differs from the API that it speaks. */
  quirks?: Record<string, boolean | string>;
  /** `fetch`: images by their addresses are fetched here and sent as data, to OpenAI, Anthropic and xAI too, who otherwise get the address. All other servers always get data. */
  image_addresses?: 'fetch';
  /** By the names of models: over what the registry knows. */
  model_facts?: Record<string, ModelFactsInput>;
}

export type ConnectionState = 'ready' | 'not_configured' | 'unauthorised' | 'unreachable';

export interface ConnectionTest {
  state: ConnectionState;
  /** What it was told by, in a sentence. */
  detail: string;
  latency_ms: number | null;
  /** The models that the provider lists; null where it did not. */
  models: string[] | null;
}

export interface Conversation {
  id: string;
  title: string | null;
  metadata: Record<string, string>;
  /** How many there are. */
  messages: number;
  created_at: string;
  updated_at: string;
}

export interface ConversationMessage {
  /** From 1, in the order of the conversation. */
  position: number;
  message: ConversationMessageInput;
  /** Which model wrote it; null where none did. */
  model: string | null;
  request_id: string;
  created_at: string;
}

export interface ConversationMessageInput {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | ({
    type: string;
    [member: string]: unknown;
  })[] | null;
  [member: string]: unknown;
}

/** How a cost is known: what the provider counted at the price of the registry; or at the ceiling of a budget; or what we counted, where the provider said nothing; nothing, since there was no answer; not at all. */
export type CostBasis = 'price' | 'ceiling' | 'estimate' | 'not_billed' | 'unknown';

export interface CostEstimate {
  model: string;
  prompt_tokens: number;
  /** How the prompt tokens were found: `given`, or an estimate of that name. */
  method: string;
  completion_tokens: number;
  /** Null: nobody knows the price. */
  cost_usd: UsdAmount | null;
  price_version: string | null;
  /** By what the vendor counts, which is not what estimated here. */
  tokenizer: string | null;
  /** Who said so, and on which day. */
  sources: ({
    url: string;
    as_of: string;
  })[];
}

export interface CostRecord {
  id: string;
  at: string;
  request_id: string;
  /** The API key or user that asked. */
  key_id: string;
  system: string | null;
  provider: string;
  model: string;
  /** How the call came out, as in the usage records. */
  outcome: string;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  /** Null: unknown, which is not 0. */
  cost_usd: UsdAmount | null;
  cost_basis: CostBasis | null;
  price_version: string | null;
  tags: CostTags;
  /** How many calls the request had made by then. */
  attempts: number | null;
  /** What was expected before the call. */
  estimate: {
    prompt_tokens: number;
    /** How it was estimated. */
    method: string;
    /** Estimated less billed, in parts of the billed: 0.1 is 10 % too much. */
    error: number | null;
  } | null;
}

export interface CostSum {
  requests: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: UsdAmount;
  /** Calls whose cost is unknown; they are in no sum of dollars. */
  unpriced_requests: number;
  /** Estimated less billed prompt tokens, in parts of the billed; null where nothing was estimated. */
  estimate_error: number | null;
}

export interface CostSummary {
  from: string;
  to: string;
  group_by: 'model' | 'key' | 'tag' | 'day';
  total: CostSum;
  /** The dearest first, days by date. A call with several tags counts in each of them. */
  groups: ({
    requests: number;
    prompt_tokens: number;
    completion_tokens: number;
    cost_usd: UsdAmount;
    /** Calls whose cost is unknown; they are in no sum of dollars. */
    unpriced_requests: number;
    /** Estimated less billed prompt tokens, in parts of the billed; null where nothing was estimated. */
    estimate_error: number | null;
    /** Null: the calls without a tag. A tag reads `name:value`. */
    group: string | null;
  })[];
  /** There are more groups than are shown. */
  more_groups: boolean;
}

/** The labels that a request was given. */
export type CostTags = Record<string, string>;

export interface CreatedApiKey {
  id: string;
  name: string;
  /** The beginning of the key, enough to recognise it. */
  hint: string;
  scopes: Scope[];
  limits: KeyLimits;
  /** `expiring`: rotated, and still accepted for the overlap. */
  status: 'active' | 'expiring' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  /** The key that took over at a rotation. */
  replaced_by: string | null;
  /** The whole key. It is shown this once and stored only as a hash. */
  key: string;
}

export interface CreatedChannel {
  id: string;
  name: string;
  kind: string;
  enabled: boolean;
  /** Why it was switched off by itself; null otherwise. */
  disabled_reason: string | null;
  send_resolved: boolean;
  rate_limit: {
    messages: number;
    window_seconds: number;
  };
  heartbeat_seconds: number | null;
  /** Without secrets; of addresses that are one, the origin. */
  settings: Record<string, unknown>;
  created_at: string;
  updated_at: string;
  /** Of a webhook, unless it was given: what its messages are signed with. Shown this once. */
  signing_secret: string | null;
}

/** A provider that a tenant can have a credential of its own for. */
export type CredentialedProvider = 'google_cse' | 'brave' | 'tavily' | 'searxng' | 'github';

export interface Delivery {
  /** The receiver learns it with every attempt: `webhook-id`. */
  id: string;
  notification_id: string;
  /** Null: a receiver of the configuration. */
  channel_id: string | null;
  kind: string;
  receiver: string;
  recipient: string | null;
  state: DeliveryState;
  attempts: number;
  next_attempt_at: string | null;
  /** Since when it waits because too much is sent there. */
  held_since: string | null;
  /** The delivery of the digest that tells of it. */
  merged_into: string | null;
  last_status: number | null;
  last_error: string | null;
  created_at: string;
  attempted_at: string | null;
  sent_at: string | null;
}

/** `merged`: a digest tells of it. `dead`: given up; it can be replayed. */
export type DeliveryState = 'pending' | 'sending' | 'sent' | 'merged' | 'dead';

export interface Document {
  id: string;
  /** As it was uploaded. */
  name: string;
  /** What it is by its content. */
  content_type: string;
  bytes: number;
  /** Of the file. */
  sha256: string;
  status: DocumentStatus;
  error: {
    code: string;
    message: string;
  } | null;
  title: string | null;
  /** ISO 639-1; null when its text does not tell. */
  language: string | null;
  /** Of its text, in UTF-16 units, as offsets of citations count. */
  characters: number | null;
  /** Null where it has none. */
  pages: number | null;
  /** The model that read the text off an image; null: the text stands in the file. */
  text_by: string | null;
  classification: DocumentClassification | null;
  extraction: DocumentExtraction | null;
  parties: DocumentParty[];
  created_at: string;
  created_by: string;
  processed_at: string | null;
}

export interface DocumentClassification {
  type: DocumentType;
  confidence: number;
  /** By words of the file name, by words of the text, or by neither. */
  method: 'name' | 'content' | 'none';
}

export interface DocumentExtraction {
  /** `not_applicable`: it is no document of business. `not_configured`: no model is. `not_permitted`: whoever uploaded it may not ask models (`chat:write`). */
  status: 'completed' | 'not_applicable' | 'not_configured' | 'not_permitted' | 'failed';
  model: string | null;
  data: DocumentFacts | null;
  reason: string | null;
}

export interface DocumentFacts {
  vendor: {
    name: string;
    tax_id: string | null;
    address: string | null;
  } | null;
  customer: {
    name: string;
    tax_id: string | null;
    address: string | null;
  } | null;
  number: string | null;
  /** YYYY-MM-DD */
  date: string | null;
  /** YYYY-MM-DD */
  due_date: string | null;
  /** ISO 4217 */
  currency: string | null;
  subtotal: number | null;
  tax: number | null;
  total: number | null;
  line_items: ({
    description: string;
    quantity: number | null;
    unit_price: number | null;
    amount: number | null;
  })[];
}

export interface DocumentParty {
  role: 'vendor' | 'customer';
  party_id: string;
  name: string;
  tier: PartyTier;
  confidence: number;
  /** False: the party was new. */
  matched: boolean;
}

/** `completed`: its text can be searched and cited. `failed`: `error` says why; uploading it again tries again. */
export type DocumentStatus = 'pending' | 'processing' | 'completed' | 'failed';

export type DocumentType = 'invoice' | 'receipt' | 'purchase_order' | 'contract' | 'statement' | 'report' | 'letter' | 'resume' | 'paper' | 'other';

export interface DriftCheck {
  /** `feature:<name>`, `prediction`, `score`, `embedding`, `error_rate`, `performance`. */
  column: string;
  check: 'distribution' | 'missing_share' | 'out_of_range' | 'new_categories' | 'outside_schema' | 'error_rate_rise' | 'estimated_performance';
  outcome: 'drift' | 'no_drift' | 'insufficient_data' | 'not_calibrated';
  effect: {
    method: string;
    value: number;
    threshold: number;
  } | null;
  significance: {
    method: string;
    p_value: number;
    adjusted_p_value: number;
    alpha: number;
  } | null;
  n_reference: number;
  n_current: number;
  /** What the effect is made of, those that contribute most first; at most 20. */
  bins: ({
    bin: string;
    reference_share: number;
    current_share: number;
    /** Its part of the effect. */
    contribution: number;
  })[];
  details: Record<string, unknown>;
}

export type DriftColumnKind = 'numeric' | 'categorical' | 'embedding' | 'error_rate' | 'estimated_performance';

export interface DriftComparison {
  method: DriftMethodName;
  /** null: not defined, or too little to say it. */
  statistic: number | 'Infinity' | '-Infinity' | null;
  /** null where the method has none. */
  p_value: number | null;
  /** What it was computed from, bin by bin; `outcome` is `compared` or `insufficient_data`. */
  details: Record<string, unknown>;
}

export interface DriftComparisonRequest {
  method: DriftMethodName;
  /** What was: numbers, names or vectors. null is missing; "NaN", "Infinity" and "-Infinity" are invalid. */
  reference?: unknown[];
  /** What is now. */
  current?: unknown[];
  /** In place of rows: an object of categories and how often each occurs. The order of its members is nothing. */
  reference_counts?: unknown;
  /** In place of rows: an object of categories and how often each occurs. The order of its members is nothing. */
  current_counts?: unknown;
  options?: DriftOptions;
}

export interface DriftMethod {
  method: DriftMethodName;
  summary: string;
  kinds: SampleKind[];
  /** What `statistic` is. */
  statistic: string;
  /** What `p_value` is; null where there is none. */
  p_value: string | null;
  options: ({
    name: string;
    default_value: string | number | null;
    /** null: any number that its description allows. */
    values: string[] | null;
    description: string;
  })[];
}

export type DriftMethodName = 'psi' | 'ks' | 'chi_square' | 'wasserstein' | 'jensen_shannon' | 'hellinger' | 'kl' | 'tvd' | 'l_infinity' | 'cramers_v' | 'energy_distance' | 'mann_whitney_u' | 'cramer_von_mises' | 'welch_t' | 'mmd' | 'centroid_euclidean' | 'centroid_cosine_distance' | 'missing_share' | 'out_of_range' | 'new_categories' | 'page_hinkley' | 'cbpe';

export interface DriftOptions {
  kind?: SampleKind;
  /** How numbers are binned. `recommended`: by value where the reference has 20 distinct values or fewer, else deciles. `deciles_of_reference`: the interior edges are the distinct type-7 quantiles 0.1 … 0.9 of the reference, the outer bins are open to infinity. `sturges_on_both`: equal widths over both. `doane_on_reference`: equal widths over the reference, and one bin for what lies outside. */
  binning?: 'recommended' | 'deciles_of_reference' | 'by_value' | 'sturges_on_both' | 'doane_on_reference';
  /** Bins are [a, b) or (a, b], of `deciles_of_reference`. */
  closed?: 'left_closed' | 'right_closed';
  /** `fill`: a share of zero is replaced by epsilon. `floor`: a share is epsilon at least. `add_half`: (count + 0.5) / (n + 0.5 × bins). `none`: as it is, which may make the result "Infinity". */
  zero_shares?: 'fill' | 'floor' | 'add_half' | 'none';
  /** Default 1e-4. */
  epsilon?: number;
  /** Which p of `ks`. `auto`: `p_exact` up to 10,000 values a side, else `p_asymptotic_kstwo`. */
  p_value?: 'auto' | 'p_exact' | 'p_exact_ties_aware' | 'p_asymptotic_kstwo' | 'p_asymptotic_kolmogorov' | 'p_asymptotic_stephens';
  /** Divide W1 by the reference's population standard deviation, or by at least 0.001. */
  normed?: 'none' | 'reference_std' | 'reference_std_floor_0.001';
  /** The divergence, or its square root, in logarithms to base 2 or natural ones. */
  measure?: 'distance_base2' | 'divergence_base2' | 'distance_natural' | 'divergence_natural';
  /** KL(from ‖ to). */
  direction?: 'reference_to_current' | 'current_to_reference';
  /** Of the table of counts. `homogeneity`: 2 × k, without continuity correction. `homogeneity_yates`: with it, which is for 2 × 2 and changes no other. */
  test?: 'homogeneity' | 'homogeneity_yates' | 'g_test' | 'goodness_of_fit_reference_as_truth';
  /** Of the kernel exp(−γ‖x−y‖²). Default: 1 / median² of the distances between the two samples. */
  gamma?: number;
  /** For a p by permutation; 0: none. */
  permutations?: number;
  /** Of the permutations. Default 1. */
  seed?: number;
  /** What `page_hinkley` tolerates above the mean. */
  delta?: number;
  /** The rise that is an alarm. */
  lambda?: number;
}

export interface DriftPolicy {
  /** The false discovery rate over all checks of a model (Benjamini and Hochberg). */
  alpha: number;
  /** Fewer values on a side: insufficient data. */
  rows_min: number;
  /** The least PSI of a distribution that is drift. */
  psi: number;
  /** The least PSI that is called major, and not moderate. */
  psi_major: number;
  /** The least squared MMD of embeddings that is drift. */
  mmd2: number;
  /** The least change of the share of missing or invalid values that is drift. */
  missing_share: number;
  /** The least share of values outside the range of the reference that is drift. */
  out_of_range_share: number;
  /** The least share of unseen categories that is drift. */
  new_categories_share: number;
  /** The least rise of the error rate that is drift. */
  error_rate_rise: number;
  /** The least change of the estimated accuracy that is drift. */
  accuracy_change: number;
}

export interface DriftReference {
  id: string;
  model_id: string;
  /** The model's newest is in force; older ones stay as they are. */
  version: number;
  status: 'active' | 'superseded' | 'retired';
  source: 'window' | 'upload';
  window: {
    from: string;
    to: string;
  } | null;
  /** How many rows it keeps. */
  rows: number;
  /** Of how many. */
  rows_total: number;
  columns: ({
    column: string;
    kind: DriftColumnKind;
    values: number;
    missing: number;
  })[];
  window_minutes: number;
  is_scheduled: boolean;
  positive_label: string | null;
  policy: DriftPolicy;
  created_at: string;
  created_by: string;
}

export interface DriftReferenceInput {
  model_id: string;
  /** Samples of the model that are stored, up to 10,000 of them. */
  window?: {
    from: string;
    to: string;
  };
  /** An upload, in place of a window. */
  rows?: DriftRow[];
  /** How long each current window is. Default 60; windows are aligned to multiples of it. */
  window_minutes?: number;
  /** Whether each window is judged by itself. Default true. */
  is_scheduled?: boolean;
  /** The prediction whose probability `score` is. Without it the decision is at a score of 0.5. */
  positive_label?: string;
  policy?: {
    /** The false discovery rate over all checks of a model (Benjamini and Hochberg). */
    alpha?: number;
    /** Fewer values on a side: insufficient data. */
    rows_min?: number;
    /** The least PSI of a distribution that is drift. */
    psi?: number;
    /** The least PSI that is called major, and not moderate. */
    psi_major?: number;
    /** The least squared MMD of embeddings that is drift. */
    mmd2?: number;
    /** The least change of the share of missing or invalid values that is drift. */
    missing_share?: number;
    /** The least share of values outside the range of the reference that is drift. */
    out_of_range_share?: number;
    /** The least share of unseen categories that is drift. */
    new_categories_share?: number;
    /** The least rise of the error rate that is drift. */
    error_rate_rise?: number;
    /** The least change of the estimated accuracy that is drift. */
    accuracy_change?: number;
  };
}

export interface DriftRow {
  /** What the model was given. */
  features?: Record<string, number | string | boolean | null> | null;
  /** What the model answered. */
  prediction?: number | string | null;
  /** The calibrated probability of the positive class. */
  score?: number | null;
  /** What was true, where it is known. */
  actual?: number | string | null;
  embedding?: number[] | null;
  error_rate?: number | null;
}

export interface DriftVerdict {
  id: string;
  model_id: string;
  reference_id: string;
  reference_version: number;
  window: {
    from: string;
    to: string;
  };
  rows: number;
  rows_total: number;
  /** Of this window alone. */
  outcome: 'drift' | 'no_drift' | 'insufficient_data';
  /** `drifting`: a column drifted in two of the last three windows with enough data. `suspected`: in this one. */
  state: 'drifting' | 'suspected' | 'stable' | 'unknown';
  /** In this window. */
  flagged_columns: string[];
  /** In two of the last three windows. */
  drifting_columns: string[];
  created_at: string;
}

export interface DriftVerdictInFull {
  id: string;
  model_id: string;
  reference_id: string;
  reference_version: number;
  window: {
    from: string;
    to: string;
  };
  rows: number;
  rows_total: number;
  /** Of this window alone. */
  outcome: 'drift' | 'no_drift' | 'insufficient_data';
  /** `drifting`: a column drifted in two of the last three windows with enough data. `suspected`: in this one. */
  state: 'drifting' | 'suspected' | 'stable' | 'unknown';
  /** In this window. */
  flagged_columns: string[];
  /** In two of the last three windows. */
  drifting_columns: string[];
  created_at: string;
  checks: DriftCheck[];
  /** Which the reference has not. */
  unknown_columns: string[];
}

export interface EmbeddingList {
  object: 'list';
  model: string;
  data: ({
    index: number;
    embedding: number[] | string;
    [member: string]: unknown;
  })[];
  [member: string]: unknown;
}

export interface EmbeddingRequest {
  model: string;
  input: string | string[] | number[] | (number[])[];
  dimensions?: number;
  encoding_format?: 'float' | 'base64';
  signalbox?: SignalboxOptions;
  [member: string]: unknown;
}

export interface EscalationPolicy {
  id: string;
  name: string;
  matchers: string[];
  steps: ({
    after_seconds: number;
    channels: string[];
  })[];
  created_at: string;
}

export interface EscalationPolicyInput {
  name: string;
  /** Which alerts it is about: all of these must fit, in Alertmanager's syntax (`severity=~"high|critical"`). */
  matchers: string[];
  steps: ({
    /** How long it has been firing, and nobody acknowledged it. */
    after_seconds: number;
    /** Ids or names of channels. */
    channels: string[];
  })[];
}

export type ExtractType = 'structured' | 'invoice' | 'ocr' | 'tables';

export interface FeatureSpec {
  kind: 'number' | 'category';
  /** The least value of a number. */
  min?: number;
  /** The greatest value of a number. */
  max?: number;
  /** The values that a category may have. */
  values?: string[];
  /** Whether it may be absent or null. Default true. */
  nullable?: boolean;
}

export interface Forecast {
  metric: string;
  aggregate: string;
  step: string;
  from: string;
  /** Where the last bucket ends that is over. */
  to: string;
  /** `seasonal_sen_slope`: each bucket was compared with those of the same time of the day alone. */
  method: 'sen_slope' | 'seasonal_sen_slope';
  /** How many had a value. */
  buckets: number;
  threshold: number;
  comparator: '>' | '<';
  /** `reached`: it is beyond the threshold already. `expected`: it will be at `reaches_at`. `no_trend`: it may stand still. */
  outcome: 'reached' | 'expected' | 'beyond_horizon' | 'moving_away' | 'no_trend' | 'insufficient_data';
  /** Where the trend is at `to`. */
  level: number | null;
  slope_per_hour: number | null;
  /** The bounds within which it is, at 95 %. */
  slope_per_hour_low: number | null;
  slope_per_hour_high: number | null;
  /** Of such a trend by chance (Mann-Kendall, corrected for ties). */
  p_value: number | null;
  reaches_at: string | null;
  /** By the steeper bound of the slope. */
  earliest: string | null;
  /** By the flatter one. Null: perhaps not within the horizon, or never. */
  latest: string | null;
}

export interface HealthReason {
  kind: 'error_rate' | 'latency' | 'gpu_memory' | 'cpu_usage' | 'memory_usage' | 'objective' | 'drift' | 'no_data';
  /** The id of the objective, or what drifts. */
  subject: string | null;
  value: number | null;
  limit: number | null;
}

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** `availability`: a sample is good by the part of it that is no error; those that report no `error_rate` do not count. `latency`: a sample is good when it is fast enough. */
export type Indicator = {
  kind: 'availability';
} | {
  kind: 'latency';
  /** A request that takes at most this long is good. */
  threshold_ms: number;
};

export interface KeyLimits {
  requests_per_minute?: number;
  cost_units_per_minute?: number;
}

export interface LegacyAlert {
  id: string;
  model_id: string;
  alert_type: string;
  severity: string;
  message: string;
  timestamp: string;
  resolved: boolean;
  resolved_at: string | null;
}

export interface ListedDrift {
  id: string;
  model_id: string;
  timestamp: string;
  drift_type: string;
  severity: string;
  confidence: number;
  feature: string | null;
  tags: Record<string, string>;
}

export interface ListedSample {
  model_id: string;
  model_type: string;
  request_id: string;
  timestamp: string;
  latency: number;
  throughput: number | null;
  error_rate: number | null;
  resource_usage: {
    gpu_memory: number | null;
    cpu_usage: number | null;
    memory_usage: number | null;
  };
  model_version: string | null;
  environment: string | null;
  time_to_first_token_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_usd: number | null;
  score: number | null;
  prediction: string | null;
  actual: string | null;
  features: Record<string, string | number | boolean | null>;
  tags: Record<string, string>;
  source: string;
}

export interface MaintenanceWindow {
  id: string;
  name: string;
  matchers: string[];
  weekdays: number[];
  start: string;
  end: string;
  time_zone: string;
  /** Whether it keeps alerts quiet now. */
  is_open: boolean;
  created_at: string;
}

export interface MaintenanceWindowInput {
  name: string;
  /** Which alerts it is about: all of these must fit, in Alertmanager's syntax (`severity=~"high|critical"`). */
  matchers: string[];
  /** On which days it begins; 0 is Sunday. None: every day. */
  weekdays?: number[];
  start: string;
  /** Not later than `start`: on the next day. */
  end: string;
  /** An IANA time zone, whose clock decides. */
  time_zone?: string;
}

export interface Message {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: ({
    type: string;
    [member: string]: unknown;
  })[];
  stop_reason: string | null;
  usage: {
    input_tokens: number;
    output_tokens: number;
    [member: string]: unknown;
  };
  [member: string]: unknown;
}

export interface MessageRequest {
  model: string;
  messages: ({
    role: 'user' | 'assistant' | 'system';
    content: string | ({
      type: string;
      [member: string]: unknown;
    })[];
    [member: string]: unknown;
  })[];
  system?: string | ({
    type: string;
    [member: string]: unknown;
  })[];
  tools?: ({
    name?: string;
    [member: string]: unknown;
  })[];
  signalbox?: SignalboxOptions;
  max_tokens: number;
  stream?: boolean;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  stop_sequences?: string[];
  tool_choice?: {
    type: string;
    [member: string]: unknown;
  };
  thinking?: {
    type: string;
    [member: string]: unknown;
  };
  [member: string]: unknown;
}

export interface MetricsSummary {
  from: string;
  to: string;
  total_requests: number;
  /** Milliseconds. */
  average_latency: number | null;
  /** The mean over all samples that report one; null when none does. */
  error_rate: number | null;
  p50_latency: number | null;
  p95_latency: number | null;
  p99_latency: number | null;
  /** The bound of the percentiles’ relative error. */
  percentile_error: number;
  average_gpu_memory: number | null;
  average_cpu_usage: number | null;
  average_memory_usage: number | null;
  total_input_tokens: number;
  total_output_tokens: number;
  total_cost_usd: number;
  /** Null: no service here keeps alerts. */
  active_alerts: number | null;
}

export interface Model {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  [member: string]: unknown;
}

export interface ModelChanges {
  name: string;
  model_type: ModelType;
  version: string;
  environment: 'dev' | 'staging' | 'prod';
  /** What is left out, or null, has its default. */
  thresholds?: {
    latency?: number | null;
    error_rate?: number | null;
    gpu_memory?: number | null;
    cpu_usage?: number | null;
    memory_usage?: number | null;
  } | null;
  features?: Record<string, FeatureSpec> | null;
}

export interface ModelFactsInput {
  context_tokens_max?: number;
  output_tokens_max?: number;
  vision?: boolean;
  tools?: boolean;
  json_schema?: boolean;
  reasoning?: boolean;
  embeddings?: boolean;
  quality?: number;
  /** US dollars for a million tokens, as decimal texts. */
  prices?: {
    input: string;
    output: string;
    cached_input?: string;
    cache_write?: string;
    reasoning?: string;
  };
}

export interface ModelHealth {
  model_id: string;
  status: ModelHealthStatus;
  since: string;
  evaluated_at: string;
  reasons: HealthReason[];
}

export type ModelHealthStatus = 'ok' | 'drifting' | 'degraded' | 'failing' | 'no_data';

export interface ModelInput {
  id: string;
  name: string;
  model_type: ModelType;
  version: string;
  environment: 'dev' | 'staging' | 'prod';
  /** What is left out, or null, has its default. */
  thresholds?: {
    latency?: number | null;
    error_rate?: number | null;
    gpu_memory?: number | null;
    cpu_usage?: number | null;
    memory_usage?: number | null;
  } | null;
  features?: Record<string, FeatureSpec> | null;
}

export interface ModelRevision {
  revision: number;
  name: string;
  model_type: ModelType;
  version: string;
  environment: 'dev' | 'staging' | 'prod';
  thresholds: ModelThresholds;
  features: Record<string, FeatureSpec>;
  created_at: string;
  /** The principal who made it. */
  created_by: string;
}

export interface ModelThresholds {
  /** Milliseconds. */
  latency: number;
  error_rate: number;
  gpu_memory: number;
  cpu_usage: number;
  memory_usage: number;
}

/** What kind of model it is. */
export type ModelType = 'llm' | 'cv' | 'tabular' | 'other';

export interface MonitoredModel {
  id: string;
  /** False: nobody registered it, and defaults are in force. */
  registered: boolean;
  name: string;
  model_type: ModelType;
  version: string | null;
  environment: 'dev' | 'staging' | 'prod' | null;
  thresholds: ModelThresholds;
  features: Record<string, FeatureSpec>;
  /** Grows by one with every change; 0: never registered. */
  revision: number;
  first_seen_at: string;
  updated_at: string;
}

export interface Notification {
  id: string;
  kind: 'group' | 'digest' | 'test' | 'heartbeat' | 'self' | 'escalation' | 'acknowledgement';
  /** Why it was told: `first_notification`, `new_alerts`, `all_resolved`, … */
  reason: string;
  status: 'firing' | 'resolved';
  receiver: string;
  group_key: string;
  group_labels: Record<string, string>;
  /** How many notifications it stands for, because they came too fast. */
  held_back: number;
  decided_at: string;
  firing: number;
  resolved: number;
}

export interface NotificationDetails {
  id: string;
  kind: 'group' | 'digest' | 'test' | 'heartbeat' | 'self' | 'escalation' | 'acknowledgement';
  /** Why it was told: `first_notification`, `new_alerts`, `all_resolved`, … */
  reason: string;
  status: 'firing' | 'resolved';
  receiver: string;
  group_key: string;
  group_labels: Record<string, string>;
  /** How many notifications it stands for, because they came too fast. */
  held_back: number;
  decided_at: string;
  firing: number;
  resolved: number;
  alerts: ({
    fingerprint: string;
    status: 'firing' | 'resolved';
    labels: Record<string, string>;
    annotations: Record<string, string>;
    starts_at: string;
    ends_at: string | null;
  })[];
  deliveries: Delivery[];
}

export interface NotificationSimulation {
  routes: ({
    route: string;
    receiver: string;
    group_key: string;
    /** Null: as things are, nobody will be told. */
    first_told_at: string | null;
    looked_at_every_seconds: number;
    repeated_every_seconds: number;
    silenced_by: string[];
    inhibited_by: string[];
    muted_by: string[];
    destinations: ({
      kind: string;
      channel_id: string | null;
      recipient: string | null;
    })[];
  })[];
}

/** How many messages about its alerts each destination gets in a window. What is more severe passes; the rest is told together when the window ends. A message that tells of alerts of other rules as well does not count. */
export interface NotifyLimit {
  messages: number;
  window_seconds: number;
}

export interface Objective {
  id: string;
  name: string;
  model_id: string | null;
  model_version: string | null;
  environment: string | null;
  indicator: Indicator;
  /** Of a latency objective: the edge that is really counted by, at most 2.1 % above the threshold. */
  effective_threshold_ms: number | null;
  target: number;
  window_days: number;
  no_data_after_minutes: number;
  created_at: string;
  updated_at: string;
}

export interface ObjectiveChanges {
  name?: string;
  /** The part of events that is to be good: 0.99. */
  target?: number;
  /** Over how many days, sliding. Default 30. */
  window_days?: number;
  /** After so long a silence its state is `no_data`. Default 60. */
  no_data_after_minutes?: number;
  indicator?: Indicator;
}

export interface ObjectiveInput {
  name: string;
  /** Null: of all models of the tenant together. */
  model_id?: string | null;
  model_version?: string | null;
  environment?: string | null;
  /** The part of events that is to be good: 0.99. */
  target: number;
  /** Over how many days, sliding. Default 30. */
  window_days?: number;
  /** After so long a silence its state is `no_data`. Default 60. */
  no_data_after_minutes?: number;
  indicator: Indicator;
}

export interface ObjectiveStatus {
  objective_id: string;
  at: string;
  /** `no_data` says neither that all is well nor the contrary. */
  state: 'ok' | 'burning' | 'exhausted' | 'no_data';
  window: {
    from: string;
    to: string;
    good: number;
    total: number;
    /** The part that was good. Null: nothing was measured. */
    attained: number | null;
  };
  error_budget: {
    /** How many bad events the target allows of those so far. */
    allowed: number;
    spent: number;
    /** 1: all of it. Below 0: more was spent than there was. */
    remaining: number | null;
  };
  /** 1 uses the budget up exactly. Null: nothing was measured in that time. */
  burn_rates: Record<string, number | null>;
  /** The rules of which both windows burn faster than the factor, the most pressing first. */
  alarms: ({
    severity: 'page' | 'ticket';
    factor: number;
    long_window: '5m' | '30m' | '1h' | '6h' | '3d';
    long_rate: number;
    short_window: '5m' | '30m' | '1h' | '6h' | '3d';
    short_rate: number;
  })[];
}

export interface PageInfo {
  limit: number;
  has_next: boolean;
  has_prev: boolean;
  next_cursor: string | null;
  prev_cursor: string | null;
}

/** Somebody whom documents name: who sells, who buys. */
export interface Party {
  id: string;
  /** As it was first read. */
  name: string;
  /** In capital letters and digits alone. */
  tax_id: string | null;
  address: string | null;
  /** The party that it turned out to be. */
  merged_into: string | null;
  created_at: string;
  updated_at: string;
}

/** Somebody, as a document names them. */
export interface PartyMention {
  name: string;
  tax_id?: string;
  address?: string;
}

export interface PartyResolution {
  party: Party;
  /** False: the party is new. */
  matched: boolean;
  tier: PartyTier;
  confidence: number;
  /** Somebody like it was there: a person says whether it is the same. */
  review_id: string | null;
}

export interface PartyReview {
  id: string;
  status: PartyReviewStatus;
  /** The one that was made. */
  party: Party;
  /** The one that was there and is like it. */
  candidate: Party;
  /** How alike they are. */
  score: number;
  /** The document that named it. */
  document_id: string | null;
  decided_by: string | null;
  decided_at: string | null;
  created_at: string;
}

export type PartyReviewStatus = 'pending' | 'same' | 'different';

/** How it was told who is meant: the same tax id or the same name (confidence 1), a name written alike (0.90 or more), a name and an address that are alike (0.80 or more); `new`: nobody who was there. */
export type PartyTier = 'tax_id' | 'name' | 'fuzzy_name' | 'name_and_address' | 'new';

export interface ProviderBreaker {
  /** The id of the connection. */
  id: string;
  name: string;
  state: BreakerState;
  /** Within its window, while it is closed. */
  failures: number;
  /** When the way is open again: no call is made before. Null: calls are made. */
  opens_at: string | null;
}

export interface ProviderConnection {
  id: string;
  name: string;
  kind: 'openai' | 'anthropic' | 'gemini' | 'xai' | 'openai_compatible' | 'extractive';
  /** `operator` and `built_in`: for all tenants, read-only. `discovered`: found on this machine, not connected. */
  source: 'tenant' | 'operator' | 'built_in' | 'discovered';
  base_url: string | null;
  has_api_key: boolean;
  /** The last characters of the key, enough to recognise it. */
  api_key_hint: string | null;
  models: string[];
  options: ConnectionOptions;
  /** False: what it needs to be asked is missing. */
  configured: boolean;
  /** Grows with every change. */
  version: number | null;
  created_at: string | null;
  updated_at: string | null;
}

export interface ProviderHealth {
  breaker: 'closed' | 'open' | 'half_open';
  /** Within its window, while it is closed. */
  failures: number;
  /** When the way is open again: no call is made before. Null: calls are made. */
  opens_at: string | null;
}

/** Whose API it is. `openai_compatible`: any server that speaks OpenAI’s. */
export type ProviderKind = 'openai' | 'anthropic' | 'gemini' | 'xai' | 'openai_compatible';

/** Each part names its places in the sources, or says why it is absent. */
export interface ReportAnalysis {
  summary: {
    status: 'present';
    method: string;
    items: ({
      text: string;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  entities: {
    status: 'present';
    method: string;
    items: ({
      name: string;
      /** Null: nothing says what it is. */
      type: string | null;
      mentions: number;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  topics: {
    status: 'present';
    method: string;
    items: ({
      name: string;
      weight: number;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  timeline: {
    status: 'present';
    method: string;
    items: ({
      date: string;
      text: string;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  relations: {
    status: 'present';
    method: string;
    items: ({
      from: string;
      to: string;
      predicate: string | null;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  sentiment: {
    status: 'present';
    method: string;
    items: ({
      label: 'positive' | 'neutral' | 'negative' | 'mixed';
      score: number;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  related_questions: {
    status: 'present';
    method: string;
    items: ({
      question: string;
      citations: ({
        n: number;
        source_sha256: string;
        start: number;
        end: number;
      })[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
  credibility: {
    status: 'present';
    method: string;
    items: ({
      n: number;
      signals: ({
        name: string;
        value: string;
      })[];
      agrees_with: number[];
    })[];
  } | {
    status: 'absent';
    reason: string;
  };
}

export interface ReportCitation {
  /** The number of the source. */
  n: number;
  /** Of the source's text in UTF-8. */
  source_sha256: string;
  /** In UTF-16 code units: the quote is `text.slice(start, end)`. */
  start: number;
  end: number;
  pages: number[];
  quote: string;
  quote_sha256: string;
}

export interface ReportLink {
  path: string;
  expires_at: string;
}

export interface ReportLinkInput {
  format?: 'html' | 'md' | 'json' | 'pdf';
  /** Never longer than the report is kept. */
  expires_in_seconds?: number;
}

export interface ReportSentence {
  text: string;
  /** `quoted`: it stands in a source word for word. `supported`: a cited place says it in other words. `unsupported`: no cited place says it. `cannot judge`: nobody here can tell. */
  verdict: 'quoted' | 'supported' | 'unsupported' | 'cannot judge';
  reason: string;
  /** What judged. */
  method: 'span' | 'lexical' | 'model';
  citations: ReportCitation[];
}

export interface ReportedDrift {
  model_id: string;
  drift_type: 'data' | 'concept';
  severity: 'low' | 'medium' | 'high' | 'critical';
  confidence: number;
  feature?: string | null;
  timestamp?: string | null;
  tags?: Record<string, string> | null;
}

export interface ResearchAnswer {
  question: string;
  /** Null: the sources do not answer it. */
  answer: string | null;
  refusal: string | null;
  sentences: ReportSentence[];
  /** `extractive`, or the model that answered. */
  mode: string;
}

/** At 80 % of any of them searching stops; at 100 % the report is finished with what there is, and says so. */
export interface ResearchBudget {
  /** Sources that are read. Default 30. */
  max_sources?: number;
  /** Bytes that are fetched. Default 60 MB. */
  max_fetch_bytes?: number;
  /** Tokens of models. Default 200,000. */
  max_llm_tokens?: number;
  /** What models may cost. Default 1.00. */
  max_usd?: number;
  /** Seconds of work. Default 900. */
  max_wall_seconds?: number;
}

/** `research_search`: what search providers found. `research_embedding`: where an embedding model puts a passage. `entity_match`: which known party a name on a document means. */
export type ResearchCacheName = 'research_search' | 'research_embedding' | 'entity_match';

export interface ResearchCacheState {
  namespace: ResearchCacheName;
  entries: number;
  /** Of what is kept. */
  bytes: number;
  /** Lookups that it answered, in all replicas; up to a second late. */
  hits: number;
  misses: number;
  /** Hits by lookups; null: nothing was looked up. */
  hit_ratio: number | null;
  counted_since: string | null;
  /** How long an entry is kept. */
  ttl_seconds: number;
}

export interface ResearchEvent {
  /** Its place among the events of its job, from 1. */
  id: number;
  type: 'status' | 'stage' | 'progress' | 'plan' | 'search' | 'source' | 'section' | 'warning' | 'budget';
  data: Record<string, unknown>;
  at: string;
}

export interface ResearchInput {
  /** What is to be found out. */
  topic?: string;
  /** The old name of `topic`; one of the two is needed. */
  query?: string;
  /** Default: `documents` and `web`. */
  sources?: ResearchSource[];
  /** Only these documents. */
  document_ids?: string[];
  /** Sub-questions. Default 4. */
  breadth?: number;
  /** Rounds of searching. Default 1. */
  depth?: number;
  budget?: ResearchBudget;
  /** Of the report, where a model writes it. Default: that of the topic. */
  language?: string;
  /** Headings, in order. */
  sections?: string[];
  /** Hits of one provider for one question. Default 10. */
  max_results?: number;
  /** Who writes. Default: what is configured; else nobody: sentences are quoted. */
  model?: string;
  /** Default: what is configured; else the lexical one. */
  embedding_model?: string;
  /** Wait for `approve` once the sub-questions are known. Default false. */
  pause_on_plan?: boolean;
}

export interface ResearchJob {
  id: string;
  topic: string;
  status: ResearchStatus;
  /** What is being done, or was done last. */
  stage: ResearchStage | null;
  /** Counted, never guessed: a stage whose units are not known yet counts as one unit. */
  progress: {
    /** Units done of the units that are known, of all stages. */
    percent: number;
    stages: ({
      stage: ResearchStage;
      done: number;
      total: number;
    })[];
  };
  request: ResearchInput;
  /** The plan; null: there is none yet. */
  questions: string[] | null;
  mode: {
    search: string[];
    /** `extractive`, or the model that writes. */
    synthesis: string;
    embeddings: string;
    verification: string;
    note: string;
  } | null;
  /** What was away meanwhile, and how the work went on without it. */
  degraded: string[];
  warnings: ResearchWarning[];
  budget: {
    sources: number;
    fetch_bytes: number;
    llm_tokens: number;
    usd: number;
    wall_seconds: number;
  };
  spent: {
    sources: number;
    fetch_bytes: number;
    llm_tokens: number;
    usd: number;
    wall_seconds: number;
  };
  partial_reason: string | null;
  error: {
    code: string;
    message: string;
  } | null;
  /** Grows with every `retry`. */
  run: number;
  /** How many times a worker took it up. */
  workers: number;
  created_by: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** The report is kept until then. */
  expires_at: string;
  /** Where it lies, once it is published. */
  report: {
    sha256: string;
    html: string;
    md: string;
    json: string;
    pdf: string;
  } | null;
}

export interface ResearchQuestion {
  question: string;
}

export interface ResearchQueue {
  paused: boolean;
  paused_at: string | null;
  paused_by: string | null;
  /** How many are in each state. */
  jobs: Record<string, number>;
  /** Of the queued ones: those that wait until others of the tenant have ended. */
  waiting_for_turn: number;
  /** How many may be at work at once. */
  running_max: number;
  /** How many may wait. */
  queued_max: number;
  oldest_queued_at: string | null;
  /** Under way between the database and the workers, of every tenant. */
  messages: number;
  /** Messages that were given up, of every tenant. */
  dead_letters: number;
}

export interface ResearchReport {
  version: 1;
  job_id: string;
  topic: string;
  title: string;
  language: string | null;
  as_of: string;
  status: 'complete' | 'partial';
  partial_reason: string | null;
  mode: {
    search: string[];
    /** `extractive`, or the model that wrote. */
    synthesis: string;
    embeddings: string;
    verification: string;
    note: string;
  };
  /** What the verdicts cannot see. */
  limits: string[];
  /** Said in place of sections where nothing was found. */
  notice: string | null;
  sections: ({
    heading: string;
    question: string;
    sentences: ReportSentence[];
  })[];
  analysis: ReportAnalysis | null;
  sources: ({
    n: number;
    provider: string;
    url: string | null;
    document_id: string | null;
    title: string;
    content_type: string;
    sha256: string;
    snapshot: string;
    characters: number;
    language: string | null;
    published_at: string | null;
    fetched_at: string;
    cited: number;
  })[];
  searches: ({
    provider: string;
    query: string;
    status: 'ok' | 'failed' | 'not_configured' | 'rate_limited';
    hits: number;
    reason: string | null;
  })[];
  warnings: ResearchWarning[];
  degraded: string[];
  budget: Record<string, number>;
  spent: Record<string, number>;
  counts: {
    sentences: number;
    verdicts: Record<string, number>;
    citations: number;
    /** Numbers that stood for no passage. */
    dropped_citations: number;
    /** Addresses that a model wrote. */
    dropped_links: number;
  };
}

/** Where to look: the tenant's own `documents`, one search provider, or `web` for every one that is configured. */
export type ResearchSource = 'documents' | 'web' | 'google_cse' | 'brave' | 'tavily' | 'searxng' | 'arxiv' | 'wikipedia' | 'github' | 'fixture';

export type ResearchStage = 'plan' | 'search' | 'fetch' | 'rank' | 'outline' | 'write' | 'verify' | 'analyse' | 'render' | 'publish';

export type ResearchStatus = 'queued' | 'running' | 'waiting_for_approval' | 'cancelling' | 'cancelled' | 'completed' | 'completed_partial' | 'failed';

export interface ResearchWarning {
  /** `search_failed`, `source_failed`, `degraded`, `budget`, `analysis_failed` and the like. */
  code: string;
  message: string;
  /** Of what: a provider, an address, a document. */
  subject: string | null;
}

export interface ResourceUsage {
  model_id?: string | null;
  /** What was measured: a host, a pod, a device. */
  resource?: string | null;
  timestamp?: string | null;
  gpu_memory?: number | null;
  cpu_usage?: number | null;
  memory_usage?: number | null;
  tags?: Record<string, string> | null;
}

export interface Response {
  id: string;
  object: 'response';
  model: string;
  status: string;
  output: ({
    type: string;
    [member: string]: unknown;
  })[];
  [member: string]: unknown;
}

export interface ResponseRequest {
  model: string;
  input: string | ({
    type?: string;
    [member: string]: unknown;
  })[];
  instructions?: string | null;
  max_output_tokens?: number | null;
  stream?: boolean | null;
  temperature?: number | null;
  top_p?: number | null;
  tools?: ({
    type: string;
    [member: string]: unknown;
  })[] | null;
  tool_choice?: string | {
    type: string;
    [member: string]: unknown;
  } | null;
  text?: Record<string, unknown> | null;
  reasoning?: Record<string, unknown> | null;
  signalbox?: SignalboxOptions;
  [member: string]: unknown;
}

/** What a person may do in a tenant. */
export type Role = 'owner' | 'admin' | 'operator' | 'viewer';

export interface Routing {
  requested: string;
  strategy: RoutingStrategy;
  chosen: string | null;
  reason: string;
  alternatives: string[];
  /** Of the request that the answer was made for. */
  attempts: RoutingAttempt[];
  /** With `mode: best`. */
  score?: RoutingScore;
  /** Only where nobody was asked, since an answer was kept. */
  cache?: RoutingCache;
}

export interface RoutingAttempt {
  model: string;
  kind: 'first' | 'retry' | 'fallback' | 'hedge' | 'rival';
  outcome: 'ok' | 'failed' | 'skipped' | 'cancelled';
  reason?: string;
  error_code?: string;
  /** Since the request came. */
  started_ms?: number;
  latency_ms?: number;
}

export interface RoutingCache {
  kind: 'exact' | 'semantic';
  /** The cosine of the two questions; of `semantic`. */
  similarity?: number;
  /** What it had to reach; of `semantic`. */
  threshold?: number;
}

export interface RoutingScore {
  asked: 'fastest' | 'longest' | 'judge';
  /** `none`: only one model answered. */
  used: 'fastest' | 'longest' | 'judge' | 'none';
  /** The model that judged, or was to. */
  judge: string | null;
  /** Why another scorer was used than the one that was asked for. */
  reason: string | null;
}

/** In which order the models that can do a request are asked: as listed; by weight at random; the cheapest first (0.6 × input + 0.4 × output price); the lowest observed time to the first token first; the best first; the one with the least that the request does not need first. */
export type RoutingStrategy = 'priority' | 'weighted' | 'cost_optimized' | 'speed_first' | 'quality_first' | 'capability_based';

export interface Sample {
  model_id: string;
  model_type: ModelType;
  request_id: string;
  timestamp?: string | null;
  /** Milliseconds. */
  latency: number;
  throughput?: number | null;
  error_rate?: number | null;
  resource_usage?: {
    gpu_memory?: number | null;
    cpu_usage?: number | null;
    memory_usage?: number | null;
  } | null;
  model_version?: string | null;
  environment?: 'dev' | 'staging' | 'prod' | null;
  time_to_first_token_ms?: number | null;
  input_tokens?: number | null;
  output_tokens?: number | null;
  cost_usd?: number | null;
  /** What the model was given. */
  features?: Record<string, number | string | boolean | null> | null;
  /** What the model answered. */
  prediction?: number | string | null;
  /** The calibrated probability of the positive class. */
  score?: number | null;
  /** What was true, where it is known. */
  actual?: number | string | null;
  embedding?: number[] | null;
  tags?: Record<string, string> | null;
}

/** What a sample holds: numbers; names; the shares of one distribution, bin by bin; vectors of one length. Without it: vectors where there are arrays, numeric where there is a number, else categorical. */
export type SampleKind = 'numeric' | 'categorical' | 'probability' | 'embedding';

/** A permission: `<area>:<read|write>`, `admin`, or `*` for everything. */
export type Scope = '*' | 'admin' | 'alerts:read' | 'alerts:write' | 'audit:read' | 'budgets:read' | 'budgets:write' | 'chat:read' | 'chat:write' | 'documents:read' | 'documents:write' | 'keys:read' | 'keys:write' | 'metrics:read' | 'metrics:write' | 'models:read' | 'models:write' | 'providers:read' | 'providers:write' | 'research:read' | 'research:write' | 'systems:read' | 'systems:write' | 'usage:read' | 'users:read' | 'users:write';

/** `fastest` (usual): the first answer; the losers are cancelled. `longest`: the one with the most tokens. A judge: the one that a model names, which is a call of its own; where it fails, `longest` picks, and `routing` says so. */
export type Scorer = 'fastest' | 'longest' | {
  kind: 'judge';
  /** Who reads all answers and names the best. */
  model: string;
};

export interface SearchCredentialInput {
  /** Of `google_cse`, `brave` and `tavily` the key, of `github` a token. Sealed at once, and never readable again. */
  key?: string;
  /** Of `google_cse`: the engine, `cx`. */
  engine_id?: string;
  /** Of `searxng`: where it is. It must be reachable from the public internet, unless the operator allows it. */
  url?: string;
}

export interface SearchProvider {
  name: string;
  /** False: searching there gives `not_configured`, with `missing` as the reason. */
  configured: boolean;
  missing: string | null;
  /** Whose credential is used. `none`: it needs none, or there is none. */
  credential: 'tenant' | 'operator' | 'none';
  /** The end of the tenant's own credential, enough to recognise it. */
  hint: string | null;
  /** It asked not to be asked before then. */
  resting_until: string | null;
}

export interface SearchProviderList {
  data: SearchProvider[];
}

export interface SearchProviderTest {
  status: 'ok' | 'failed' | 'not_configured' | 'rate_limited';
  reason: string | null;
  /** Of `github`: whose token it is. */
  account: string | null;
}

/** Whether an answer that is kept for a question of like meaning will do: the cosine of the two embeddings must reach the threshold, and everything else about the two requests, figures in the question included, be the same. Only requests at temperature 0 or with `cache: on`, and never those with tools or images. */
export type SemanticCacheWish = boolean | {
  threshold: number;
};

export interface Series {
  metric: string;
  aggregate: Aggregate;
  step: string;
  /** The edge of the first bucket: a multiple of the step since 1970, in UTC. */
  from: string;
  /** The edge at which the last bucket ends. */
  to: string;
  /** The coarsest rollup that the answer was made of; the newest minutes are always counted from the rows. */
  resolution: 'raw' | '1m' | '1h' | '1d';
  /** The bound of a percentile’s relative error. Null: it is none, or it is of histograms, as exact as their buckets. */
  percentile_error: number | null;
  /** What the buckets can know. */
  completeness: {
    /** Nothing is kept so finely from before: earlier buckets are gaps for that reason. Null: for good. */
    kept_since: string | null;
    /** Buckets from here on are not over and may grow. Null: all are over. */
    open_since: string | null;
  };
  segments: ({
    /** Null: everything, or what does not say. */
    segment: string | null;
    /** Every bucket of the span, in order, gaps included. */
    buckets: ({
      /** Where the bucket begins. */
      time: string;
      /** Null: a gap, nothing was measured. A count, a sum or a rate is then 0. */
      value: number | null;
      /** How many values it was made of. */
      count: number;
    })[];
  })[];
  /** There are more than are shown: those with the most values are. */
  more_segments: boolean;
}

export interface SeriesCondition {
  kind: 'series';
  /** As for `/api/v1/metrics/series`. */
  metric: string;
  source?: 'samples' | 'points';
  /** Over the window. Default `avg`. A percentile is that of a whole window of the clock. */
  aggregate?: 'avg' | 'min' | 'max' | 'count' | 'sum' | 'p50' | 'p95' | 'p99' | 'rate';
  /** Default `1m`; at least 1s, at most 7d. */
  window?: string;
  /** How long before the moment of evaluation the window ends. Default `0`. */
  lag?: string;
  model_id?: string;
  model_version?: string;
  environment?: string;
  /** `name:value`. */
  tag?: string;
  /** One alert for each value of it, at most 50. Default `model_id`; `none`: of everything together. */
  segment_by?: string;
  comparator: '>' | '>=' | '<' | '<=' | '==' | '!=';
  threshold: number;
  /** A registered model’s own limit, in place of `threshold`. Only with `segment_by: model_id`. */
  threshold_of_model?: 'latency' | 'error_rate' | 'gpu_memory' | 'cpu_usage' | 'memory_usage';
  /** Hysteresis: what fires ends only when its value is on this side of it. Default: the threshold. */
  clear_threshold?: number;
}

export interface SignalCondition {
  kind: 'signal';
  signal: SignalKind;
  /** The states that are a breach: `failing` of a model, `open` of a provider, `hard` of a budget, … */
  states: string[];
  /** Only of this model, provider, budget, … */
  subject?: string;
  /** So many in a row (`research`). Default 1. */
  at_least?: number;
}

export type SignalKind = 'model_health' | 'provider_state' | 'budget' | 'research' | 'drift' | 'dependency' | 'queue';

export interface SignalboxOptions {
  /** The answer tells how its model was found, in `routing`. */
  explain?: boolean;
  /** Asked in this order, in place of `model`. */
  models?: string[];
  /** `first` (usual): the first answer. `best`: all are asked at once, and `scorer` picks one. */
  mode?: 'first' | 'best';
  scorer?: Scorer;
  strategy?: RoutingStrategy;
  sticky?: boolean;
  conversation_id?: string;
  metadata?: Record<string, string>;
  /** `on`: an answer kept for the very same request will do. Without it only requests at temperature 0 take one. */
  cache?: 'on' | 'off' | 'refresh';
  semantic_cache?: SemanticCacheWish;
  /** Stand in the ledger. */
  tags?: Record<string, string>;
}

export interface Silence {
  id: string;
  state: 'active' | 'pending' | 'expired';
  matchers: string[];
  starts_at: string;
  ends_at: string;
  comment: string;
  created_by: string;
  annotations: Record<string, string>;
  updated_at: string;
}

export interface SilenceInput {
  /** What labels must fit, all of them: `alertname="LatencyHigh"`, `model=~"m.*"`, `zone!="eu"`; RE2, whole values. */
  matchers: string[];
  /** Default: now. */
  starts_at?: string;
  ends_at: string;
  /** Why. */
  comment: string;
  /** Default: who asks. */
  created_by?: string;
  annotations?: Record<string, string>;
}

export interface System {
  domain: string;
  use_case: string;
  architecture: Architecture;
  /** In order: the first that can answers; of an ensemble, each proposes and the first makes the synthesis. */
  models: string[];
  /** In which order its models are asked where one answers for all. Absent: `priority`, as listed. */
  strategy?: RoutingStrategy;
  prompts: {
    /** Stands before every question, of a task as of a chat that asks for the system. */
    system?: string;
    /** Of a hybrid: how to cut the work, besides the form of the plan. */
    decompose?: string;
    /** How to make one answer of the proposals or results. */
    synthesis?: string;
  };
  tools: string[];
  requirements: SystemRequirements;
  budget: SystemBudget | null;
  semantic_cache?: SemanticCacheWish;
  id: string;
  /** Every change makes the next one. */
  version: number;
  status: 'active';
  created_at: string;
  updated_at: string;
}

export interface SystemBudget {
  period: 'hour' | 'day' | 'month';
  usd?: UsdAmount;
  tokens?: number;
}

export interface SystemInput {
  /** Its name within the tenant; usable as `model`. */
  id?: string;
  domain: string;
  use_case: string;
  architecture: Architecture;
  /** In order: the first that can answers; of an ensemble, each proposes and the first makes the synthesis. */
  models: string[];
  /** In which order its models are asked where one answers for all. Absent: `priority`, as listed. */
  strategy?: RoutingStrategy;
  prompts?: {
    /** Stands before every question, of a task as of a chat that asks for the system. */
    system?: string;
    /** Of a hybrid: how to cut the work, besides the form of the plan. */
    decompose?: string;
    /** How to make one answer of the proposals or results. */
    synthesis?: string;
  };
  /** The server-side tools that its models may call. */
  tools?: string[];
  requirements?: SystemRequirements;
  semantic_cache?: SemanticCacheWish;
  /** What all of its requests may spend together in a period: kept as a budget of scope `system`. */
  budget?: SystemBudget;
}

export interface SystemRequirements {
  /** A task that takes longer is marked. */
  latency_target_ms?: number;
  /** A task that takes longer fails. Default 300,000. */
  timeout_ms?: number;
  /** Noted; nothing is reserved for it. */
  throughput_rps?: number;
}

export interface SystemVersion {
  domain: string;
  use_case: string;
  architecture: Architecture;
  /** In order: the first that can answers; of an ensemble, each proposes and the first makes the synthesis. */
  models: string[];
  /** In which order its models are asked where one answers for all. Absent: `priority`, as listed. */
  strategy?: RoutingStrategy;
  prompts: {
    /** Stands before every question, of a task as of a chat that asks for the system. */
    system?: string;
    /** Of a hybrid: how to cut the work, besides the form of the plan. */
    decompose?: string;
    /** How to make one answer of the proposals or results. */
    synthesis?: string;
  };
  tools: string[];
  requirements: SystemRequirements;
  budget: SystemBudget | null;
  semantic_cache?: SemanticCacheWish;
  version: number;
  created_at: string;
  created_by: string;
}

export interface Task {
  id: string;
  system_id: string;
  system_version: number;
  status: TaskStatus;
  task_type: string | null;
  metadata: Record<string, string>;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  result: TaskResult | null;
  error: {
    code: string;
    message: string;
  } | null;
}

export interface TaskInput {
  /** What is to be done. */
  input: string | Record<string, unknown>;
  /** Material to do it with. */
  context?: string;
  task_type?: string;
  /** Noted with the task. */
  metadata?: Record<string, string>;
}

export interface TaskResult {
  output: string;
  models_used: string[];
  processing_time_ms: number;
  usage: TaskUsage;
  /** Null: a price is not known. */
  cost_usd: UsdAmount | null;
  /** Only where the system has a target. */
  latency_target_missed?: boolean;
  /** Only of an ensemble with two proposals or more: see `confidence_formula`. Absent otherwise. */
  confidence?: number;
  /** `mean-pairwise-word-jaccard/1`: how alike the proposals are, as sets of words; not how true they are. */
  confidence_formula?: string;
  tool_calls: ({
    name: string;
    ok: boolean;
    error?: string;
    duration_ms: number;
  })[];
  failed_models: ({
    model: string;
    error: string;
  })[];
}

export type TaskStatus = 'pending' | 'processing' | 'completed' | 'failed' | 'cancelled';

export interface TaskUsage {
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  /** Calls to models that were answered. */
  calls: number;
}

export interface TokenCount {
  input_tokens: number;
  signalbox: {
    /** Whose tokens were counted. */
    model: string;
    /** `provider`: counted by the provider. `characters/4`: estimated, text only. */
    method: 'provider' | 'characters/4';
  };
}

export interface TokenCountRequest {
  model: string;
  messages: ({
    role: 'user' | 'assistant' | 'system';
    content: string | ({
      type: string;
      [member: string]: unknown;
    })[];
    [member: string]: unknown;
  })[];
  system?: string | ({
    type: string;
    [member: string]: unknown;
  })[];
  tools?: ({
    name?: string;
    [member: string]: unknown;
  })[];
  signalbox?: SignalboxOptions;
  [member: string]: unknown;
}

export interface TokenPair {
  access_token: string;
  token_type: 'Bearer';
  /** Seconds the access token lives. */
  expires_in: number;
  /** Good for one use; using it twice revokes the whole session. */
  refresh_token: string;
  refresh_expires_in: number;
}

export interface Tool {
  name: string;
  kind: 'built_in' | 'http';
  description: string;
  parameters: Record<string, unknown>;
  url: string | null;
  method: 'GET' | 'POST' | null;
  timeout_ms: number;
  /** The secret headers that it is called with; nobody is told their values. */
  header_names: string[];
}

export interface ToolGrant {
  principal_id: string;
  tools: string[];
  updated_at: string;
}

export interface ToolInput {
  name: string;
  /** What it does, for the model. */
  description: string;
  /** What its arguments must be, as JSON Schema (2020-12). */
  parameters: Record<string, unknown>;
  /** Called with the arguments as JSON (POST) or as query (GET). It must be reachable from the internet. */
  url: string;
  method: 'GET' | 'POST';
  /** Default 10,000. */
  timeout_ms?: number;
  /** Sent with every call, to the origin of `url` alone: sealed at once, never readable again, and left out of what the tool answers. They need an https address. */
  headers?: Record<string, string>;
}

export interface UsageRecord {
  id: string;
  at: string;
  tenant_id: string;
  principal_id: string;
  request_id: string;
  provider: string;
  /** The model that answered. */
  model: string;
  requested_model: string;
  /** `cancelled`: another answer came first, and this one costs nothing. `cache_hit`: nobody was asked. */
  outcome: 'ok' | 'aborted' | 'failed' | 'cancelled' | 'cache_hit';
  streamed: boolean;
  /** Null: the provider did not say. */
  prompt_tokens: number | null;
  completion_tokens: number | null;
  /** Part of `prompt_tokens`. */
  cached_tokens: number | null;
  /** Part of `completion_tokens`. */
  reasoning_tokens: number | null;
  /** Part of `prompt_tokens`. */
  cache_write_tokens?: number | null;
  /** Null: unknown, which is not 0. */
  cost_usd?: UsdAmount | null;
  cost_basis?: CostBasis | null;
  /** What counts against budgets of tokens. */
  charged_tokens?: number | null;
  price_version?: string | null;
  /** The system or alias that was asked for. */
  system?: string | null;
  tags?: CostTags | null;
  /** How many calls the request had made by then. */
  attempts?: number | null;
  estimated_prompt_tokens?: number | null;
  estimate_method?: string | null;
  latency_ms: number;
  first_token_ms: number | null;
}

/** US dollars as a decimal text: `0.000012500`. */
export type UsdAmount = string;

export interface User {
  id: string;
  tenant_id: string;
  email: string;
  role: Role;
  status: 'active' | 'locked' | 'disabled';
  created_at: string;
  last_login_at: string | null;
}

export interface VisionRequest {
  /** The image (PNG, JPEG, WebP, GIF) or PDF: a data URI, an https address, or the file part of a form. What it is, is told by its content. */
  document: string;
  extract_type: ExtractType;
  /** What `structured` must give, as JSON Schema (2020-12). Needed for `structured`, refused otherwise. */
  schema?: Record<string, unknown>;
  /** What to look for, besides the form of the answer. */
  prompt?: string;
  /** Default: the first that can see. */
  model?: string;
  /** Of a PDF; more are refused. Default 20. */
  pages_max?: number;
}

export interface VisionResult {
  extract_type: ExtractType;
  /** What was found, as the schema of the type says. */
  data: unknown;
  model: string;
  media_type: string;
  /** Of a PDF. */
  pages: number | null;
  /** Of the document. */
  sha256: string;
  /** True: the same was asked before, and nothing was spent now. */
  cached: boolean;
  /** True: the first answer did not fit the schema, the second did. */
  repaired: boolean;
  usage: {
    prompt_tokens: number | null;
    completion_tokens: number | null;
  };
  cost_usd: UsdAmount | null;
}

/** Always holds: a heartbeat, whose absence says that nothing is told any more. */
export interface WatchdogCondition {
  kind: 'watchdog';
}

/** What each operation is given and answers; `null`: it takes none, or answers nothing. */
export interface WireOperations {
  getRoot: {
    params: null;
    query: null;
    body: null;
    answer: {
      name: string;
      version: string;
      links: Record<string, string>;
    };
  };
  getMeshHealth: {
    params: null;
    query: null;
    body: null;
    answer: {
      status: HealthStatus;
      version: string;
      timestamp: string;
      uptime_seconds: number;
      /** What is degraded at the moment, by name. */
      degraded: string[];
      components: Record<string, ComponentHealth>;
      services: Record<string, {
        status: HealthStatus;
        components: Record<string, ComponentHealth>;
      }>;
      /** The model providers of this installation, by name. */
      providers: Record<string, ProviderHealth>;
    };
  };
  getLiveness: {
    params: null;
    query: null;
    body: null;
    answer: {
      status: HealthStatus;
      [member: string]: unknown;
    };
  };
  getReadiness: {
    params: null;
    query: null;
    body: null;
    answer: {
      status: HealthStatus;
      [member: string]: unknown;
    };
  };
  getKeySet: {
    params: null;
    query: null;
    body: null;
    answer: {
      keys: ({
        kty: string;
        kid: string;
        [member: string]: unknown;
      })[];
    };
  };
  getOpenApi: {
    params: null;
    query: null;
    body: null;
    answer: {
      openapi: string;
      [member: string]: unknown;
    };
  };
  getSwaggerUi: {
    params: null;
    query: null;
    body: null;
    answer: string;
  };
  getReDoc: {
    params: null;
    query: null;
    body: null;
    answer: string;
  };
  createApiKey: {
    params: null;
    query: null;
    body: ApiKeyInput;
    answer: CreatedApiKey;
  };
  listApiKeys: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ApiKey[];
      page_info: PageInfo;
    };
  };
  getApiKey: {
    params: {
      /** The id of the key: `key_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: ApiKey;
  };
  updateApiKey: {
    params: {
      /** The id of the key: `key_…`. */
      id: string;
    };
    query: null;
    body: {
      name?: string;
      limits?: KeyLimits;
    };
    answer: ApiKey;
  };
  revokeApiKey: {
    params: {
      /** The id of the key: `key_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  rotateApiKey: {
    params: {
      /** The id of the key: `key_…`. */
      id: string;
    };
    query: null;
    body: {
      overlap_seconds?: number;
    };
    answer: CreatedApiKey;
  };
  login: {
    params: null;
    query: null;
    body: {
      email: string;
      password: string;
    };
    answer: TokenPair;
  };
  refreshSession: {
    params: null;
    query: null;
    body: {
      refresh_token: string;
    };
    answer: TokenPair;
  };
  logout: {
    params: null;
    query: null;
    body: {
      refresh_token: string;
    };
    answer: null;
  };
  getMe: {
    params: null;
    query: null;
    body: null;
    answer: {
      principal_id: string;
      kind: 'api_key' | 'user';
      tenant_id: string;
      scopes: string[];
      user: User | null;
    };
  };
  listUsers: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: User[];
      page_info: PageInfo;
    };
  };
  createUser: {
    params: null;
    query: null;
    body: {
      email: string;
      password: string;
      role: Role;
    };
    answer: User;
  };
  updateUser: {
    params: {
      /** The id of the person: `user_…`. */
      id: string;
    };
    query: null;
    body: {
      role?: Role;
      password?: string;
      status?: 'active' | 'disabled';
    };
    answer: User;
  };
  createTenant: {
    params: null;
    query: null;
    body: {
      name: string;
    };
    answer: {
      id: string;
      name: string;
      created_at: string;
      api_key: {
        id: string;
        key: string;
      };
    };
  };
  listTenants: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ({
        id: string;
        name: string;
        created_at: string;
      })[];
      page_info: PageInfo;
    };
  };
  listAuditEvents: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only acts of this kind. */
      action?: AuditAction;
      /** Only acts of this principal. */
      actor?: string;
    };
    body: null;
    answer: {
      data: AuditEvent[];
      page_info: PageInfo;
    };
  };
  listBreakers: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ProviderBreaker[];
      page_info: PageInfo;
    };
  };
  resetBreaker: {
    params: {
      /** The id of the connection. */
      id: string;
    };
    query: null;
    body: null;
    answer: ProviderBreaker;
  };
  getCacheStatistics: {
    params: null;
    query: null;
    body: null;
    answer: {
      data: CacheNamespaceState[];
    };
  };
  clearCache: {
    params: {
      namespace: CacheName;
    };
    query: null;
    body: null;
    answer: {
      namespace: CacheName;
      /** Entries. */
      cleared: number;
    };
  };
  createChat: {
    params: null;
    query: null;
    body: ChatInput;
    answer: ChatReply;
  };
  createChatCompletion: {
    params: null;
    query: null;
    body: ChatCompletionRequest;
    answer: ChatCompletion;
  };
  listModels: {
    params: null;
    query: {
      /** With `anthropic-version`. Default 20. */
      limit?: number;
      /** With `anthropic-version`: what comes after this model. */
      after_id?: string;
      /** With `anthropic-version`: what comes before this model. */
      before_id?: string;
    };
    body: null;
    answer: {
      object: 'list';
      data: Model[];
    };
  };
  getModel: {
    params: {
      /** The id of the model, slashes as they are. */
      model: string;
    };
    query: null;
    body: null;
    answer: Model;
  };
  listUsage: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only records of this model. */
      model?: string;
      /** Only records of this request. */
      request_id?: string;
    };
    body: null;
    answer: {
      data: UsageRecord[];
      page_info: PageInfo;
    };
  };
  listDailyUsage: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ({
        day: string;
        model: string;
        requests: number;
        prompt_tokens: number;
        completion_tokens: number;
      })[];
      page_info: PageInfo;
    };
  };
  createMessage: {
    params: null;
    query: null;
    body: MessageRequest;
    answer: Message;
  };
  countMessageTokens: {
    params: null;
    query: null;
    body: TokenCountRequest;
    answer: TokenCount;
  };
  createResponse: {
    params: null;
    query: null;
    body: ResponseRequest;
    answer: Response;
  };
  createEmbedding: {
    params: null;
    query: null;
    body: EmbeddingRequest;
    answer: EmbeddingList;
  };
  createProvider: {
    params: null;
    query: null;
    body: ConnectionInput;
    answer: ProviderConnection;
  };
  listProviders: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ProviderConnection[];
      page_info: PageInfo;
    };
  };
  getProvider: {
    params: {
      /** The id of the connection: `connection_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: ProviderConnection;
  };
  updateProvider: {
    params: {
      /** The id of the connection: `connection_…`. */
      id: string;
    };
    query: null;
    body: ConnectionChanges;
    answer: ProviderConnection;
  };
  deleteProvider: {
    params: {
      /** The id of the connection: `connection_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  testProvider: {
    params: {
      /** The id of the connection: `connection_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: ConnectionTest;
  };
  createBudget: {
    params: null;
    query: null;
    body: BudgetInput;
    answer: Budget;
  };
  listBudgets: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: Budget[];
      page_info: PageInfo;
    };
  };
  getBudget: {
    params: {
      /** The id of the budget: `budget_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Budget;
  };
  updateBudget: {
    params: {
      /** The id of the budget: `budget_…`. */
      id: string;
    };
    query: null;
    body: BudgetChanges;
    answer: Budget;
  };
  deleteBudget: {
    params: {
      /** The id of the budget: `budget_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  listCosts: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only calls to this model. */
      model?: string;
      /** Only calls of this API key or user. */
      key_id?: string;
      /** Only calls with this tag: `name:value`. */
      tag?: string;
      /** Only calls of this system. */
      system?: string;
    };
    body: null;
    answer: {
      data: CostRecord[];
      page_info: PageInfo;
    };
  };
  getCostSummary: {
    params: null;
    query: {
      /** The present one of the calendar (UTC; weeks begin on Monday), unless `from` is given. */
      period?: 'hour' | 'day' | 'week' | 'month';
      /** From this moment. */
      from?: string;
      /** Until before this moment. Absent: until now. */
      to?: string;
      /** What one sum is of. */
      group_by?: 'model' | 'key' | 'tag' | 'day';
      /** Only calls to this model. */
      model?: string;
      /** Only calls of this API key or user. */
      key_id?: string;
      /** Only calls with this tag: `name:value`. */
      tag?: string;
      /** Only calls of this system. */
      system?: string;
    };
    body: null;
    answer: CostSummary;
  };
  getCostEstimate: {
    params: null;
    query: {
      /** `provider/model`, or a bare name where only one provider has it. */
      model: string;
      /** How many tokens it reads. */
      prompt_tokens?: number;
      /** In place of `prompt_tokens`, which are then estimated: four characters to a token. */
      characters?: number;
      /** How many tokens it writes. */
      completion_tokens?: number;
    };
    body: null;
    answer: CostEstimate;
  };
  createSystem: {
    params: null;
    query: null;
    body: SystemInput;
    answer: System;
  };
  listSystems: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: System[];
      page_info: PageInfo;
    };
  };
  getSystem: {
    params: {
      /** The id of the system. */
      id: string;
    };
    query: null;
    body: null;
    answer: System;
  };
  updateSystem: {
    params: {
      /** The id of the system. */
      id: string;
    };
    query: null;
    body: {
      domain?: string;
      use_case?: string;
      architecture?: Architecture;
      /** In order: the first that can answers; of an ensemble, each proposes and the first makes the synthesis. */
      models?: string[];
      /** In which order its models are asked where one answers for all. Absent: `priority`, as listed. */
      strategy?: RoutingStrategy;
      prompts?: {
        /** Stands before every question, of a task as of a chat that asks for the system. */
        system?: string;
        /** Of a hybrid: how to cut the work, besides the form of the plan. */
        decompose?: string;
        /** How to make one answer of the proposals or results. */
        synthesis?: string;
      };
      /** The server-side tools that its models may call. */
      tools?: string[];
      requirements?: SystemRequirements;
      semantic_cache?: SemanticCacheWish;
      budget?: SystemBudget | null;
      /** Refused with a conflict when it is another one by now. */
      expected_version?: number;
    };
    answer: System;
  };
  deleteSystem: {
    params: {
      /** The id of the system. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  listSystemVersions: {
    params: {
      /** The id of the system. */
      id: string;
    };
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: SystemVersion[];
      page_info: PageInfo;
    };
  };
  createTask: {
    params: {
      /** The id of the system. */
      id: string;
    };
    query: null;
    body: TaskInput;
    answer: Task;
  };
  listTasks: {
    params: {
      /** The id of the system. */
      id: string;
    };
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only tasks in this state. */
      status?: TaskStatus;
    };
    body: null;
    answer: {
      data: Task[];
      page_info: PageInfo;
    };
  };
  getTask: {
    params: {
      /** The id of the system. */
      id: string;
      /** The id of the task: `task_…`. */
      task: string;
    };
    query: null;
    body: null;
    answer: Task;
  };
  cancelTask: {
    params: {
      /** The id of the system. */
      id: string;
      /** The id of the task: `task_…`. */
      task: string;
    };
    query: null;
    body: null;
    answer: Task;
  };
  streamTaskEvents: {
    params: {
      /** The id of the system. */
      id: string;
      /** The id of the task: `task_…`. */
      task: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  createTool: {
    params: null;
    query: null;
    body: ToolInput;
    answer: Tool;
  };
  listTools: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: Tool[];
      page_info: PageInfo;
    };
  };
  getTool: {
    params: {
      /** The name of the tool. */
      name: string;
    };
    query: null;
    body: null;
    answer: Tool;
  };
  updateTool: {
    params: {
      /** The name of the tool. */
      name: string;
    };
    query: null;
    body: {
      /** What it does, for the model. */
      description?: string;
      /** What its arguments must be, as JSON Schema (2020-12). */
      parameters?: Record<string, unknown>;
      /** Called with the arguments as JSON (POST) or as query (GET). It must be reachable from the internet. */
      url?: string;
      method?: 'GET' | 'POST';
      /** Default 10,000. */
      timeout_ms?: number;
      /** In place of all headers before; null: none. Needed again when `url` moves to another origin. */
      headers?: Record<string, string> | null;
    };
    answer: Tool;
  };
  deleteTool: {
    params: {
      /** The name of the tool. */
      name: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  setToolGrant: {
    params: {
      /** The key or user that the tools are granted to: `key_…`, `user_…`. */
      principal: string;
    };
    query: null;
    body: {
      tools: string[];
    };
    answer: ToolGrant;
  };
  listToolGrants: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ToolGrant[];
      page_info: PageInfo;
    };
  };
  analyzeDocument: {
    params: null;
    query: null;
    body: VisionRequest;
    answer: VisionResult;
  };
  createConversation: {
    params: null;
    query: null;
    body: {
      title?: string;
      metadata?: Record<string, string>;
      /** What was said before. */
      messages?: ConversationMessageInput[];
    };
    answer: Conversation;
  };
  listConversations: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: Conversation[];
      page_info: PageInfo;
    };
  };
  getConversation: {
    params: {
      /** The id of the conversation: `conversation_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Conversation;
  };
  updateConversation: {
    params: {
      /** The id of the conversation: `conversation_…`. */
      id: string;
    };
    query: null;
    body: {
      title?: string;
      metadata?: Record<string, string>;
    };
    answer: Conversation;
  };
  deleteConversation: {
    params: {
      /** The id of the conversation: `conversation_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  addConversationMessages: {
    params: {
      /** The id of the conversation: `conversation_…`. */
      id: string;
    };
    query: null;
    body: {
      messages: ConversationMessageInput[];
    };
    answer: Conversation;
  };
  listConversationMessages: {
    params: {
      /** The id of the conversation: `conversation_…`. */
      id: string;
    };
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ConversationMessage[];
      page_info: PageInfo;
    };
  };
  exportConversation: {
    params: {
      /** The id of the conversation: `conversation_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: {
      conversation: Conversation;
      messages: ConversationMessage[];
      exported_at: string;
    };
  };
  registerMonitoredModel: {
    params: null;
    query: null;
    body: ModelInput;
    answer: MonitoredModel;
  };
  listMonitoredModels: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only models of this kind. */
      model_type?: ModelType;
      /** Only models of this environment. */
      environment?: 'dev' | 'staging' | 'prod';
      /** `false`: only models that were seen, and that nobody registered. */
      registered?: 'true' | 'false';
    };
    body: null;
    answer: {
      data: MonitoredModel[];
      page_info: PageInfo;
    };
  };
  listModelsAsModels: {
    params: null;
    query: null;
    body: null;
    answer: {
      models: MonitoredModel[];
    };
  };
  getMonitoredModel: {
    params: {
      /** The id of the model; a slash in it is written %2F. */
      id: string;
    };
    query: null;
    body: null;
    answer: MonitoredModel;
  };
  updateMonitoredModel: {
    params: {
      /** The id of the model; a slash in it is written %2F. */
      id: string;
    };
    query: null;
    body: ModelChanges;
    answer: MonitoredModel;
  };
  deleteMonitoredModel: {
    params: {
      /** The id of the model; a slash in it is written %2F. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  listMonitoredModelRevisions: {
    params: {
      /** The id of the model; a slash in it is written %2F. */
      id: string;
    };
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: ModelRevision[];
      page_info: PageInfo;
    };
  };
  compareDrift: {
    params: null;
    query: null;
    body: DriftComparisonRequest;
    answer: DriftComparison;
  };
  listDriftMethods: {
    params: null;
    query: null;
    body: null;
    answer: {
      data: DriftMethod[];
    };
  };
  createDriftReference: {
    params: null;
    query: null;
    body: DriftReferenceInput;
    answer: DriftReference;
  };
  listDriftReferences: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only of this model. */
      model_id?: string;
    };
    body: null;
    answer: {
      data: DriftReference[];
      page_info: PageInfo;
    };
  };
  getDriftReference: {
    params: {
      /** The id of the reference or of the verdict. */
      id: string;
    };
    query: null;
    body: null;
    answer: DriftReference;
  };
  retireDriftReference: {
    params: {
      /** The id of the reference or of the verdict. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  listDriftVerdicts: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only of this model. */
      model_id?: string;
      /** Of this window alone. */
      outcome?: 'drift' | 'no_drift' | 'insufficient_data';
      /** `drifting`: a column drifted in two of the last three windows with enough data. `suspected`: in this one. */
      state?: 'drifting' | 'suspected' | 'stable' | 'unknown';
    };
    body: null;
    answer: {
      data: DriftVerdict[];
      page_info: PageInfo;
    };
  };
  getDriftVerdict: {
    params: {
      /** The id of the reference or of the verdict. */
      id: string;
    };
    query: null;
    body: null;
    answer: DriftVerdictInFull;
  };
  runDrift: {
    params: {
      /** The id of the model. */
      id: string;
    };
    query: null;
    body: {
      /** From (included) to (excluded). */
      window?: {
        from: string;
        to: string;
      };
    };
    answer: DriftVerdictInFull;
  };
  recordInference: {
    params: null;
    query: null;
    body: Sample;
    answer: {
      status: 'success';
      message: string;
      model_id: string;
      request_id: string;
      duplicate: boolean;
    };
  };
  reportDrift: {
    params: null;
    query: null;
    body: ReportedDrift;
    answer: {
      status: 'success';
      message: string;
      id: string;
    };
  };
  recordResources: {
    params: null;
    query: null;
    body: ResourceUsage;
    answer: {
      status: 'success';
      message: string;
      points: number;
    };
  };
  recordBatch: {
    params: null;
    query: {
      /** `rejected`: name only what was not stored. */
      results?: 'all' | 'rejected';
    };
    body: {
      items: Sample[];
    };
    answer: BatchResult;
  };
  exportMetrics: {
    params: null;
    query: null;
    body: {
      resourceMetrics?: (Record<string, unknown>)[];
      [member: string]: unknown;
    };
    answer: {
      partialSuccess?: {
        rejectedDataPoints: string;
        errorMessage: string;
      };
    };
  };
  exportTraces: {
    params: null;
    query: null;
    body: {
      resourceSpans?: (Record<string, unknown>)[];
      [member: string]: unknown;
    };
    answer: {
      partialSuccess?: {
        rejectedSpans: string;
        errorMessage: string;
      };
    };
  };
  remoteWrite: {
    params: null;
    query: null;
    body: unknown;
    answer: null;
  };
  getSeries: {
    params: null;
    query: {
      /** `latency_ms`, or the name of another metric. */
      metric: string;
      /** Absent: samples where they have a metric of that name. `points`: what was sent as a metric, by its name. */
      source?: 'samples' | 'points';
      aggregate?: Aggregate;
      /** The length of a bucket: `30s`, `5m`, `1h`; at most `168h`. */
      step?: string;
      /** From this moment. Absent: six hours before `to`. */
      from?: string;
      /** Until before this moment. Absent: now. */
      to?: string;
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
      /** Only what carries this tag, or label: `name:value`. Answered from the rows, as no rollup keeps tags. */
      tag?: string;
      /** One line of buckets for each value of it: `model_id`, `model_version`, `environment` or `tag:<name>`. */
      segment_by?: string;
    };
    body: null;
    answer: Series;
  };
  getCategories: {
    params: null;
    query: {
      /** Which category of a sample is counted. */
      field?: 'prediction' | 'actual';
      /** The length of a bucket: `30s`, `5m`, `1h`; at most `168h`. */
      step?: string;
      /** From this moment. Absent: six hours before `to`. */
      from?: string;
      /** Until before this moment. Absent: now. */
      to?: string;
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
    };
    body: null;
    answer: {
      field: 'prediction' | 'actual';
      step: string;
      from: string;
      to: string;
      resolution: 'raw' | '1m' | '1h' | '1d';
      /** What the buckets can know. */
      completeness: {
        /** Nothing is kept so finely from before: earlier buckets are gaps for that reason. Null: for good. */
        kept_since: string | null;
        /** Buckets from here on are not over and may grow. Null: all are over. */
        open_since: string | null;
      };
      buckets: ({
        time: string;
        /** How many said anything at all. */
        count: number;
        /** The most frequent first. */
        categories: ({
          category: string;
          count: number;
        })[];
        other: number;
      })[];
    };
  };
  getAggregatedMetrics: {
    params: null;
    query: {
      /** Only of this model. */
      model_id?: string;
      /** 1–168. */
      since_hours?: number;
      /** The length of a bucket: `30s`, `5m`, `1h`; at most `168h`. */
      window?: string;
    };
    body: null;
    answer: {
      window: string;
      from: string;
      to: string;
      resolution: 'raw' | '1m' | '1h' | '1d';
      percentile_error: number;
      /** What the buckets can know. */
      completeness: {
        /** Nothing is kept so finely from before: earlier buckets are gaps for that reason. Null: for good. */
        kept_since: string | null;
        /** Buckets from here on are not over and may grow. Null: all are over. */
        open_since: string | null;
      };
      aggregated_metrics: {
        latency: ({
          time: string;
          /** The mean, under the name that earlier clients know. */
          value: number | null;
          avg: number | null;
          min: number | null;
          max: number | null;
          count: number;
          p50: number | null;
          p95: number | null;
          p99: number | null;
        })[];
        throughput: ({
          time: string;
          /** The mean, under the name that earlier clients know. */
          value: number | null;
          avg: number | null;
          min: number | null;
          max: number | null;
          count: number;
          p50: number | null;
          p95: number | null;
          p99: number | null;
        })[];
        error_rate: ({
          time: string;
          /** The mean, under the name that earlier clients know. */
          value: number | null;
          avg: number | null;
          min: number | null;
          max: number | null;
          count: number;
          p50: number | null;
          p95: number | null;
          p99: number | null;
        })[];
        gpu_memory: ({
          time: string;
          /** The mean, under the name that earlier clients know. */
          value: number | null;
          avg: number | null;
          min: number | null;
          max: number | null;
          count: number;
          p50: number | null;
          p95: number | null;
          p99: number | null;
        })[];
        cpu_usage: ({
          time: string;
          /** The mean, under the name that earlier clients know. */
          value: number | null;
          avg: number | null;
          min: number | null;
          max: number | null;
          count: number;
          p50: number | null;
          p95: number | null;
          p99: number | null;
        })[];
        memory_usage: ({
          time: string;
          /** The mean, under the name that earlier clients know. */
          value: number | null;
          avg: number | null;
          min: number | null;
          max: number | null;
          count: number;
          p50: number | null;
          p95: number | null;
          p99: number | null;
        })[];
      };
    };
  };
  getSummary: {
    params: null;
    query: {
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
      /** Only what carries this tag, or label: `name:value`. Answered from the rows, as no rollup keeps tags. */
      tag?: string;
      /** 1–168. */
      since_hours?: number;
    };
    body: null;
    answer: MetricsSummary;
  };
  listSamples: {
    params: null;
    query: {
      /** Rows per page, 1–10,000. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** 1–168. Only without `from`. */
      since_hours?: number;
      /** From this moment. */
      from?: string;
      /** Until before this moment. Absent: there is no end. */
      to?: string;
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
      /** Only what carries this tag, or label: `name:value`. Answered from the rows, as no rollup keeps tags. */
      tag?: string;
    };
    body: null;
    answer: {
      data: ListedSample[];
      page_info: PageInfo;
    };
  };
  listSamplesAsMetrics: {
    params: null;
    query: {
      /** Only of this model. */
      model_id?: string;
      /** 1–168. */
      since_hours?: number;
      /** Rows at most, 1–10,000. */
      limit?: number;
    };
    body: null;
    answer: {
      metrics: ListedSample[];
    };
  };
  listReportedDrift: {
    params: null;
    query: {
      /** Rows per page, 1–1,000. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** 1–168. Only without `from`. */
      since_hours?: number;
      /** From this moment. */
      from?: string;
      /** Until before this moment. Absent: there is no end. */
      to?: string;
      /** Only of this model. */
      model_id?: string;
    };
    body: null;
    answer: {
      data: ListedDrift[];
      page_info: PageInfo;
    };
  };
  listDriftAsMetrics: {
    params: null;
    query: {
      /** Only of this model. */
      model_id?: string;
      /** 1–168. */
      since_hours?: number;
      /** Rows at most, 1–1,000. */
      limit?: number;
    };
    body: null;
    answer: {
      drift_metrics: ListedDrift[];
    };
  };
  getPrometheusMetrics: {
    params: null;
    query: null;
    body: null;
    answer: string;
  };
  exportSamples: {
    params: null;
    query: {
      /** What to write. */
      format?: 'csv' | 'json' | 'ndjson' | 'parquet';
      /** From this moment. Absent: a day before `to`. */
      from?: string;
      /** Until before this moment. Absent: now. */
      to?: string;
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
      /** Only what carries this tag: `name:value`. */
      tag?: string;
    };
    body: null;
    answer: string;
  };
  createObjective: {
    params: null;
    query: null;
    body: ObjectiveInput;
    answer: Objective;
  };
  listObjectives: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only of this model. */
      model_id?: string;
    };
    body: null;
    answer: {
      data: Objective[];
      page_info: PageInfo;
    };
  };
  getObjective: {
    params: {
      /** The id of the objective: `slo_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Objective;
  };
  updateObjective: {
    params: {
      /** The id of the objective: `slo_…`. */
      id: string;
    };
    query: null;
    body: ObjectiveChanges;
    answer: Objective;
  };
  deleteObjective: {
    params: {
      /** The id of the objective: `slo_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  getObjectiveStatus: {
    params: {
      /** The id of the objective: `slo_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: ObjectiveStatus;
  };
  getModelHealth: {
    params: {
      /** The id of the model; a slash in it is written %2F. */
      id: string;
    };
    query: null;
    body: null;
    answer: ModelHealth;
  };
  getAnomalies: {
    params: null;
    query: {
      /** As for `/api/v1/metrics/series`. */
      metric: string;
      /** As for `/api/v1/metrics/series`. */
      aggregate?: 'avg' | 'min' | 'max' | 'count' | 'sum' | 'p50' | 'p95' | 'p99' | 'rate';
      /** The length of a bucket. */
      step?: '5m' | '10m' | '15m' | '30m' | '1h';
      /** Absent: a day before `to`. At most a week is scored. */
      from?: string;
      /** Absent: now. Buckets that are not over are not scored. */
      to?: string;
      /** How far back to compare. */
      history_days?: number;
      /** From this score on it is an anomaly. */
      threshold?: number;
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
    };
    body: null;
    answer: {
      metric: string;
      aggregate: string;
      step: string;
      from: string;
      to: string;
      method: 'robust_z_by_hour_of_week';
      threshold: number;
      scored: ({
        time: string;
        value: number;
        expected: number | null;
        /** Null: too few earlier buckets to compare with. From −100 to 100. */
        score: number | null;
        baseline: 'hour_of_week' | 'hour_of_day' | 'recent' | null;
        /** With how many buckets. */
        compared: number;
        anomalous: boolean;
      })[];
    };
  };
  getForecast: {
    params: null;
    query: {
      /** As for `/api/v1/metrics/series`. */
      metric: string;
      /** As for `/api/v1/metrics/series`. */
      aggregate?: 'avg' | 'min' | 'max' | 'count' | 'sum' | 'p50' | 'p95' | 'p99' | 'rate';
      /** The value to be reached. */
      threshold: number;
      /** On which side of the threshold it is reached. */
      comparator?: '>' | '<';
      /** At most 1,000 buckets. */
      step?: '5m' | '15m' | '30m' | '1h' | '6h' | '24h';
      /** How far back the trend is looked for. */
      history_days?: number;
      /** How far ahead it is followed. */
      horizon_days?: number;
      /** Only of this model. */
      model_id?: string;
      /** Only of this version. */
      model_version?: string;
      /** Only of this environment. */
      environment?: string;
    };
    body: null;
    answer: Forecast;
  };
  listAlerts: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only of this model. */
      model_id?: string;
      /** Only of this severity. */
      severity?: string;
      /** Absent: every state but `inactive`. */
      state?: AlertState;
      /** True: only those that have ended. False: only pending and firing ones. */
      resolved?: 'true' | 'false';
      /** Only alerts of this name. */
      name?: string;
      /** Only alerts of this kind. */
      alert_type?: string;
      /** Only alerts of this rule. */
      rule_id?: string;
      /** Begun at this moment or later. */
      from?: string;
      /** Begun before this moment. */
      to?: string;
      /** 1–168. Only without `from`. */
      since_hours?: number;
    };
    body: null;
    answer: {
      data: Alert[];
      page_info: PageInfo;
    };
  };
  listAlertsAsArray: {
    params: null;
    query: {
      /** Only of this model. */
      model_id?: string;
      /** 1–168. */
      since_hours?: number;
      /** True: only those that have ended. False: only pending and firing ones. */
      resolved?: 'true' | 'false';
      /** Alerts at most, 1–1,000. */
      limit?: number;
    };
    body: null;
    answer: LegacyAlert[];
  };
  exportAlerts: {
    params: null;
    query: {
      /** Only of this model. */
      model_id?: string;
      /** Only of this severity. */
      severity?: string;
      /** Absent: every state but `inactive`. */
      state?: AlertState;
      /** True: only those that have ended. False: only pending and firing ones. */
      resolved?: 'true' | 'false';
      /** Only alerts of this name. */
      name?: string;
      /** Only alerts of this kind. */
      alert_type?: string;
      /** Only alerts of this rule. */
      rule_id?: string;
      /** Begun at this moment or later. */
      from?: string;
      /** Begun before this moment. */
      to?: string;
      /** 1–168. Only without `from`. */
      since_hours?: number;
      /** In what form. */
      format?: 'csv' | 'json';
    };
    body: null;
    answer: string;
  };
  streamAlertEvents: {
    params: null;
    query: {
      /** The id of the last event seen. */
      after?: string;
    };
    body: null;
    answer: string;
  };
  resolveAlertById: {
    params: null;
    query: null;
    body: {
      alert_id: string;
    };
    answer: {
      status: 'success';
      message: string;
    };
  };
  getAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Alert;
  };
  acknowledgeAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: {
      note?: string;
      until?: string;
    };
    answer: Alert;
  };
  unacknowledgeAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Alert;
  };
  resolveAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: {
      note?: string;
      /** Default `after_grace`. */
      hold?: 'after_grace' | 'until_clear';
      /** Default: the window of its rule, so that what was measured before does not count again. */
      grace_seconds?: number;
    };
    answer: Alert;
  };
  snoozeAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: {
      until: string;
      note?: string;
    };
    answer: Alert;
  };
  unsnoozeAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Alert;
  };
  assignAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: {
      assignee: string | null;
    };
    answer: Alert;
  };
  commentOnAlert: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: null;
    body: {
      text: string;
    };
    answer: Alert;
  };
  listAlertHistory: {
    params: {
      /** The id of the alert: `alert_…`. */
      id: string;
    };
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: AlertEvent[];
      page_info: PageInfo;
    };
  };
  createAlertRule: {
    params: null;
    query: null;
    body: AlertRuleInput;
    answer: AlertRule;
  };
  listAlertRules: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: AlertRule[];
      page_info: PageInfo;
    };
  };
  putAlertRules: {
    params: null;
    query: null;
    body: {
      yaml: string;
    };
    answer: {
      created: string[];
      updated: string[];
      unchanged: string[];
      deleted: string[];
    };
  };
  previewAlertRule: {
    params: null;
    query: null;
    body: {
      rule: AlertRuleInput;
      /** Default: an hour before `to`. */
      from?: string;
      /** Default: now. */
      to?: string;
    };
    answer: {
      from: string;
      to: string;
      /** How far apart the evaluations are: the rule’s, or longer for a long time. */
      interval: string;
      alerts: ({
        labels: Record<string, string>;
        points: ({
          at: string;
          value: number | null;
          state: AlertState;
          severity: string;
        })[];
      })[];
    };
  };
  testAlertRules: {
    params: null;
    query: null;
    body: {
      /** `rules:` as for `PUT /api/v1/alert-rules`, and `tests:` in the manner of promtool; see the README. */
      yaml: string;
    };
    answer: {
      passed: boolean;
      tests: ({
        name: string;
        passed: boolean;
        failures: string[];
      })[];
    };
  };
  getAlertRule: {
    params: {
      /** The id of the rule: `rule_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: AlertRule;
  };
  updateAlertRule: {
    params: {
      /** The id of the rule: `rule_…`. */
      id: string;
    };
    query: null;
    body: AlertRuleChanges;
    answer: AlertRule;
  };
  deleteAlertRule: {
    params: {
      /** The id of the rule: `rule_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  createChannel: {
    params: null;
    query: null;
    body: ChannelInput;
    answer: CreatedChannel;
  };
  listChannels: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: Channel[];
      page_info: PageInfo;
    };
  };
  getChannel: {
    params: {
      /** The id of the channel: `channel_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Channel;
  };
  updateChannel: {
    params: {
      /** The id of the channel: `channel_…`. */
      id: string;
    };
    query: null;
    body: ChannelChanges;
    answer: Channel;
  };
  deleteChannel: {
    params: {
      /** The id of the channel: `channel_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  testChannel: {
    params: {
      /** The id of the channel: `channel_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: {
      delivery_id: string;
      status: number | null;
    };
  };
  rotateChannelSecret: {
    params: {
      /** The id of the channel: `channel_…`. */
      id: string;
    };
    query: null;
    body: {
      overlap_seconds?: number;
    };
    answer: CreatedChannel;
  };
  listNotifications: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: Notification[];
      page_info: PageInfo;
    };
  };
  getNotification: {
    params: {
      /** The id of the notification: `notification_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: NotificationDetails;
  };
  simulateNotification: {
    params: null;
    query: null;
    body: {
      labels: Record<string, string>;
      /** Since when it would fire; default now. */
      starts_at?: string;
    };
    answer: NotificationSimulation;
  };
  listDeliveries: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only deliveries in this state. */
      state?: DeliveryState;
      /** Only deliveries through this channel. */
      channel_id?: string;
      /** Only deliveries of this notification. */
      notification_id?: string;
    };
    body: null;
    answer: {
      data: Delivery[];
      page_info: PageInfo;
    };
  };
  replayDelivery: {
    params: {
      /** The id of the delivery: `delivery_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Delivery;
  };
  traceAlert: {
    params: {
      /** The id of the alert, or its fingerprint. */
      id: string;
    };
    query: null;
    body: null;
    answer: AlertTrace;
  };
  createEscalationPolicy: {
    params: null;
    query: null;
    body: EscalationPolicyInput;
    answer: EscalationPolicy;
  };
  listEscalationPolicies: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: EscalationPolicy[];
      page_info: PageInfo;
    };
  };
  deleteEscalationPolicy: {
    params: {
      /** The id of the policy: `escalation_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  createMaintenanceWindow: {
    params: null;
    query: null;
    body: MaintenanceWindowInput;
    answer: MaintenanceWindow;
  };
  listMaintenanceWindows: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
    };
    body: null;
    answer: {
      data: MaintenanceWindow[];
      page_info: PageInfo;
    };
  };
  deleteMaintenanceWindow: {
    params: {
      /** The id of the window: `maintenance_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  getAmStatus: {
    params: null;
    query: null;
    body: null;
    answer: AmStatus;
  };
  getTenantAmStatus: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: null;
    body: null;
    answer: AmStatus;
  };
  listAmReceivers: {
    params: null;
    query: {
      /** A matcher that the receiver's labels must fit; may be repeated. */
      receiver_matchers?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmReceiver[];
  };
  listTenantAmReceivers: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: {
      /** A matcher that the receiver's labels must fit; may be repeated. */
      receiver_matchers?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmReceiver[];
  };
  listAmAlerts: {
    params: null;
    query: {
      /** `false` leaves out alerts that are active. */
      active?: string | string[];
      /** `false` leaves out alerts that a silence holds back. */
      silenced?: string | string[];
      /** `false` leaves out alerts that another alert holds back. */
      inhibited?: string | string[];
      /** `false` leaves out alerts that were not looked at yet. */
      unprocessed?: string | string[];
      /** `false` leaves out alerts that a time interval holds back. */
      muted?: string | string[];
      /** A matcher that the labels must fit; may be repeated. */
      filter?: string | string[];
      /** A regular expression that the name of a receiver must fit. */
      receiver?: string | string[];
      /** A matcher that the receiver's labels must fit; may be repeated. */
      receiver_matchers?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmAlert[];
  };
  listTenantAmAlerts: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: {
      /** `false` leaves out alerts that are active. */
      active?: string | string[];
      /** `false` leaves out alerts that a silence holds back. */
      silenced?: string | string[];
      /** `false` leaves out alerts that another alert holds back. */
      inhibited?: string | string[];
      /** `false` leaves out alerts that were not looked at yet. */
      unprocessed?: string | string[];
      /** `false` leaves out alerts that a time interval holds back. */
      muted?: string | string[];
      /** A matcher that the labels must fit; may be repeated. */
      filter?: string | string[];
      /** A regular expression that the name of a receiver must fit. */
      receiver?: string | string[];
      /** A matcher that the receiver's labels must fit; may be repeated. */
      receiver_matchers?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmAlert[];
  };
  postAmAlerts: {
    params: null;
    query: null;
    body: unknown;
    answer: null;
  };
  postTenantAmAlerts: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: null;
    body: unknown;
    answer: null;
  };
  listAmAlertGroups: {
    params: null;
    query: {
      /** `false` leaves out alerts that are active. */
      active?: string | string[];
      /** `false` leaves out alerts that a silence holds back. */
      silenced?: string | string[];
      /** `false` leaves out alerts that another alert holds back. */
      inhibited?: string | string[];
      /** `false` leaves out alerts that were not looked at yet. */
      unprocessed?: string | string[];
      /** `false` leaves out alerts that a time interval holds back. */
      muted?: string | string[];
      /** A matcher that the labels must fit; may be repeated. */
      filter?: string | string[];
      /** A regular expression that the name of a receiver must fit. */
      receiver?: string | string[];
      /** A matcher that the receiver's labels must fit; may be repeated. */
      receiver_matchers?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmAlertGroup[];
  };
  listTenantAmAlertGroups: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: {
      /** `false` leaves out alerts that are active. */
      active?: string | string[];
      /** `false` leaves out alerts that a silence holds back. */
      silenced?: string | string[];
      /** `false` leaves out alerts that another alert holds back. */
      inhibited?: string | string[];
      /** `false` leaves out alerts that were not looked at yet. */
      unprocessed?: string | string[];
      /** `false` leaves out alerts that a time interval holds back. */
      muted?: string | string[];
      /** A matcher that the labels must fit; may be repeated. */
      filter?: string | string[];
      /** A regular expression that the name of a receiver must fit. */
      receiver?: string | string[];
      /** A matcher that the receiver's labels must fit; may be repeated. */
      receiver_matchers?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmAlertGroup[];
  };
  listAmSilences: {
    params: null;
    query: {
      /** `false` leaves out silences that are active. */
      active?: string | string[];
      /** `false` leaves out silences that have not begun. */
      pending?: string | string[];
      /** `false` leaves out silences that have ended. */
      expired?: string | string[];
      /** A matcher that the silence must have; may be repeated. */
      filter?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmSilence[];
  };
  listTenantAmSilences: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: {
      /** `false` leaves out silences that are active. */
      active?: string | string[];
      /** `false` leaves out silences that have not begun. */
      pending?: string | string[];
      /** `false` leaves out silences that have ended. */
      expired?: string | string[];
      /** A matcher that the silence must have; may be repeated. */
      filter?: string | string[];
      [member: string]: unknown;
    };
    body: null;
    answer: AmSilence[];
  };
  postAmSilences: {
    params: null;
    query: null;
    body: unknown;
    answer: {
      silenceID: string;
    };
  };
  postTenantAmSilences: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
    };
    query: null;
    body: unknown;
    answer: {
      silenceID: string;
    };
  };
  getAmSilence: {
    params: {
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: null;
    answer: AmSilence;
  };
  getTenantAmSilence: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: null;
    answer: AmSilence;
  };
  deleteAmSilence: {
    params: {
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  deleteTenantAmSilence: {
    params: {
      /** The tenant; that of the key. */
      tenant: string;
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  getAlertingConfiguration: {
    params: null;
    query: null;
    body: null;
    answer: AlertingConfiguration;
  };
  putAlertingConfiguration: {
    params: null;
    query: null;
    body: {
      /** Alertmanager's YAML; `channel_configs` names channels of ours. */
      original: string;
      /** Replace only this revision; another one meanwhile is a conflict. */
      revision?: number;
    };
    answer: AlertingConfiguration;
  };
  createSilence: {
    params: null;
    query: null;
    body: SilenceInput;
    answer: Silence;
  };
  previewSilence: {
    params: null;
    query: null;
    body: {
      /** What labels must fit, all of them: `alertname="LatencyHigh"`, `model=~"m.*"`, `zone!="eu"`; RE2, whole values. */
      matchers: string[];
    };
    answer: {
      total: number;
      alerts: ({
        fingerprint: string;
        labels: Record<string, string>;
        starts_at: string;
        /** The silences that cover it already. */
        silenced_by: string[];
      })[];
    };
  };
  listSilences: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only silences in this state. */
      state?: 'active' | 'pending' | 'expired';
    };
    body: null;
    answer: {
      data: Silence[];
      page_info: PageInfo;
    };
  };
  getSilence: {
    params: {
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: null;
    answer: Silence;
  };
  updateSilence: {
    params: {
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: SilenceInput;
    answer: Silence;
  };
  endSilence: {
    params: {
      /** The id of the silence. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  uploadDocument: {
    params: null;
    query: null;
    body: {
      /** The file, 50 MiB at most. */
      file: string;
    };
    answer: Document;
  };
  listDocuments: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only documents in this state. */
      status?: DocumentStatus;
      /** Only documents of this type. */
      type?: DocumentType;
      /** Only documents that name this party. */
      party_id?: string;
    };
    body: null;
    answer: {
      data: Document[];
      page_info: PageInfo;
    };
  };
  getDocument: {
    params: {
      /** The id of the document: `doc_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: Document;
  };
  downloadDocument: {
    params: {
      /** The id of the document: `doc_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  getDocumentText: {
    params: {
      /** The id of the document: `doc_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: {
      document_id: string;
      /** Of the text in UTF-8. */
      sha256: string;
      text: string;
      /** Where each page lies in the text, in UTF-16 units. */
      pages: ({
        page: number;
        start: number;
        end: number;
      })[];
    };
  };
  deleteDocument: {
    params: {
      /** The id of the document: `doc_…`. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  resolveParty: {
    params: null;
    query: null;
    body: PartyMention;
    answer: PartyResolution;
  };
  listParties: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only those of this name, in whatever case and order of words. */
      name?: string;
    };
    body: null;
    answer: {
      data: Party[];
      page_info: PageInfo;
    };
  };
  getParty: {
    params: {
      /** Its id. */
      id: string;
    };
    query: null;
    body: null;
    answer: Party;
  };
  listPartyReviews: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only those in this state. */
      status?: PartyReviewStatus;
    };
    body: null;
    answer: {
      data: PartyReview[];
      page_info: PageInfo;
    };
  };
  decidePartyReview: {
    params: {
      /** Its id. */
      id: string;
    };
    query: null;
    body: {
      decision: 'same' | 'different';
    };
    answer: PartyReview;
  };
  createResearch: {
    params: null;
    query: null;
    body: ResearchInput;
    answer: ResearchJob;
  };
  listResearch: {
    params: null;
    query: {
      /** Rows per page, 1–100. */
      limit?: number;
      /** Where to go on: `next_cursor` or `prev_cursor` of an earlier answer. */
      cursor?: string;
      /** Only jobs in this state. */
      status?: ResearchStatus;
    };
    body: null;
    answer: {
      data: ResearchJob[];
      page_info: PageInfo;
    };
  };
  getResearch: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: ResearchJob;
  };
  deleteResearch: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: null;
  };
  cancelResearch: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: ResearchJob;
  };
  retryResearch: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: ResearchJob;
  };
  approveResearch: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: ResearchJob;
  };
  streamResearchEvents: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: {
      /** Only events after this one. */
      after?: number;
    };
    body: null;
    answer: {
      data: ResearchEvent[];
      /** Nothing follows. */
      is_over: boolean;
    };
  };
  getResearchQueue: {
    params: null;
    query: null;
    body: null;
    answer: ResearchQueue;
  };
  pauseResearchQueue: {
    params: null;
    query: null;
    body: null;
    answer: ResearchQueue;
  };
  resumeResearchQueue: {
    params: null;
    query: null;
    body: null;
    answer: ResearchQueue;
  };
  cleanResearchQueue: {
    params: null;
    query: null;
    body: {
      status: 'cancelled' | 'completed' | 'completed_partial' | 'failed';
      older_than_seconds: number;
    };
    answer: {
      deleted: number;
    };
  };
  getResearchCacheStatistics: {
    params: null;
    query: null;
    body: null;
    answer: {
      data: ResearchCacheState[];
    };
  };
  clearResearchCache: {
    params: {
      namespace: ResearchCacheName;
    };
    query: null;
    body: null;
    answer: {
      namespace: ResearchCacheName;
      /** Entries. */
      cleared: number;
    };
  };
  getReportHtml: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  getReportMarkdown: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  getReportJson: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: ResearchReport;
  };
  getReportPdf: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  getReportFile: {
    params: {
      /** The id of the job, and `.html`. */
      file: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  createReportLink: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: ReportLinkInput;
    answer: ReportLink;
  };
  getSharedReport: {
    params: {
      /** As it was made by `report-links`. */
      link: string;
    };
    query: null;
    body: null;
    answer: string;
  };
  askResearch: {
    params: {
      /** The id of the research. */
      id: string;
    };
    query: null;
    body: ResearchQuestion;
    answer: ResearchAnswer;
  };
  listSearchProviders: {
    params: null;
    query: null;
    body: null;
    answer: SearchProviderList;
  };
  setSearchCredential: {
    params: {
      provider: CredentialedProvider;
    };
    query: null;
    body: SearchCredentialInput;
    answer: SearchProvider;
  };
  deleteSearchCredential: {
    params: {
      provider: CredentialedProvider;
    };
    query: null;
    body: null;
    answer: null;
  };
  testSearchProvider: {
    params: {
      provider: CredentialedProvider;
    };
    query: null;
    body: null;
    answer: SearchProviderTest;
  };
}

export const wireOperations = {
  getRoot: { method: 'GET', path: '/', timeoutMs: 10000, takesRestOfPath: false },
  getMeshHealth: { method: 'GET', path: '/api/v1/health', timeoutMs: 10000, takesRestOfPath: false },
  getLiveness: { method: 'GET', path: '/health/live', timeoutMs: 10000, takesRestOfPath: false },
  getReadiness: { method: 'GET', path: '/health/ready', timeoutMs: 10000, takesRestOfPath: false },
  getKeySet: { method: 'GET', path: '/.well-known/jwks.json', timeoutMs: 10000, takesRestOfPath: false },
  getOpenApi: { method: 'GET', path: '/openapi.json', timeoutMs: 10000, takesRestOfPath: false },
  getSwaggerUi: { method: 'GET', path: '/docs', timeoutMs: 10000, takesRestOfPath: false },
  getReDoc: { method: 'GET', path: '/redoc', timeoutMs: 10000, takesRestOfPath: false },
  createApiKey: { method: 'POST', path: '/api/v1/api-keys', timeoutMs: 10000, takesRestOfPath: false },
  listApiKeys: { method: 'GET', path: '/api/v1/api-keys', timeoutMs: 10000, takesRestOfPath: false },
  getApiKey: { method: 'GET', path: '/api/v1/api-keys/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateApiKey: { method: 'PATCH', path: '/api/v1/api-keys/{id}', timeoutMs: 10000, takesRestOfPath: false },
  revokeApiKey: { method: 'DELETE', path: '/api/v1/api-keys/{id}', timeoutMs: 10000, takesRestOfPath: false },
  rotateApiKey: { method: 'POST', path: '/api/v1/api-keys/{id}/rotate', timeoutMs: 10000, takesRestOfPath: false },
  login: { method: 'POST', path: '/api/v1/auth/login', timeoutMs: 10000, takesRestOfPath: false },
  refreshSession: { method: 'POST', path: '/api/v1/auth/refresh', timeoutMs: 10000, takesRestOfPath: false },
  logout: { method: 'POST', path: '/api/v1/auth/logout', timeoutMs: 10000, takesRestOfPath: false },
  getMe: { method: 'GET', path: '/api/v1/users/me', timeoutMs: 10000, takesRestOfPath: false },
  listUsers: { method: 'GET', path: '/api/v1/users', timeoutMs: 10000, takesRestOfPath: false },
  createUser: { method: 'POST', path: '/api/v1/users', timeoutMs: 10000, takesRestOfPath: false },
  updateUser: { method: 'PATCH', path: '/api/v1/users/{id}', timeoutMs: 10000, takesRestOfPath: false },
  createTenant: { method: 'POST', path: '/api/v1/tenants', timeoutMs: 10000, takesRestOfPath: false },
  listTenants: { method: 'GET', path: '/api/v1/tenants', timeoutMs: 10000, takesRestOfPath: false },
  listAuditEvents: { method: 'GET', path: '/api/v1/audit-events', timeoutMs: 10000, takesRestOfPath: false },
  listBreakers: { method: 'GET', path: '/api/v1/breakers', timeoutMs: 10000, takesRestOfPath: false },
  resetBreaker: { method: 'POST', path: '/api/v1/providers/{id}/breaker/reset', timeoutMs: 10000, takesRestOfPath: false },
  getCacheStatistics: { method: 'GET', path: '/api/v1/cache', timeoutMs: 10000, takesRestOfPath: false },
  clearCache: { method: 'DELETE', path: '/api/v1/cache/{namespace}', timeoutMs: 10000, takesRestOfPath: false },
  createChat: { method: 'POST', path: '/api/v1/chat', timeoutMs: 130000, takesRestOfPath: false },
  createChatCompletion: { method: 'POST', path: '/v1/chat/completions', timeoutMs: 130000, takesRestOfPath: false },
  listModels: { method: 'GET', path: '/v1/models', timeoutMs: 10000, takesRestOfPath: false },
  getModel: { method: 'GET', path: '/v1/models/{model}', timeoutMs: 10000, takesRestOfPath: true },
  listUsage: { method: 'GET', path: '/api/v1/usage', timeoutMs: 10000, takesRestOfPath: false },
  listDailyUsage: { method: 'GET', path: '/api/v1/usage/daily', timeoutMs: 10000, takesRestOfPath: false },
  createMessage: { method: 'POST', path: '/v1/messages', timeoutMs: 130000, takesRestOfPath: false },
  countMessageTokens: { method: 'POST', path: '/v1/messages/count_tokens', timeoutMs: 10000, takesRestOfPath: false },
  createResponse: { method: 'POST', path: '/v1/responses', timeoutMs: 130000, takesRestOfPath: false },
  createEmbedding: { method: 'POST', path: '/v1/embeddings', timeoutMs: 130000, takesRestOfPath: false },
  createProvider: { method: 'POST', path: '/api/v1/providers', timeoutMs: 10000, takesRestOfPath: false },
  listProviders: { method: 'GET', path: '/api/v1/providers', timeoutMs: 10000, takesRestOfPath: false },
  getProvider: { method: 'GET', path: '/api/v1/providers/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateProvider: { method: 'PATCH', path: '/api/v1/providers/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteProvider: { method: 'DELETE', path: '/api/v1/providers/{id}', timeoutMs: 10000, takesRestOfPath: false },
  testProvider: { method: 'POST', path: '/api/v1/providers/{id}/test', timeoutMs: 20000, takesRestOfPath: false },
  createBudget: { method: 'POST', path: '/api/v1/budgets', timeoutMs: 10000, takesRestOfPath: false },
  listBudgets: { method: 'GET', path: '/api/v1/budgets', timeoutMs: 10000, takesRestOfPath: false },
  getBudget: { method: 'GET', path: '/api/v1/budgets/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateBudget: { method: 'PATCH', path: '/api/v1/budgets/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteBudget: { method: 'DELETE', path: '/api/v1/budgets/{id}', timeoutMs: 10000, takesRestOfPath: false },
  listCosts: { method: 'GET', path: '/api/v1/costs', timeoutMs: 10000, takesRestOfPath: false },
  getCostSummary: { method: 'GET', path: '/api/v1/costs/summary', timeoutMs: 10000, takesRestOfPath: false },
  getCostEstimate: { method: 'GET', path: '/api/v1/costs/estimate', timeoutMs: 10000, takesRestOfPath: false },
  createSystem: { method: 'POST', path: '/api/v1/systems', timeoutMs: 10000, takesRestOfPath: false },
  listSystems: { method: 'GET', path: '/api/v1/systems', timeoutMs: 10000, takesRestOfPath: false },
  getSystem: { method: 'GET', path: '/api/v1/systems/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateSystem: { method: 'PATCH', path: '/api/v1/systems/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteSystem: { method: 'DELETE', path: '/api/v1/systems/{id}', timeoutMs: 10000, takesRestOfPath: false },
  listSystemVersions: { method: 'GET', path: '/api/v1/systems/{id}/versions', timeoutMs: 10000, takesRestOfPath: false },
  createTask: { method: 'POST', path: '/api/v1/systems/{id}/tasks', timeoutMs: 10000, takesRestOfPath: false },
  listTasks: { method: 'GET', path: '/api/v1/systems/{id}/tasks', timeoutMs: 10000, takesRestOfPath: false },
  getTask: { method: 'GET', path: '/api/v1/systems/{id}/tasks/{task}', timeoutMs: 10000, takesRestOfPath: false },
  cancelTask: { method: 'POST', path: '/api/v1/systems/{id}/tasks/{task}/cancel', timeoutMs: 10000, takesRestOfPath: false },
  streamTaskEvents: { method: 'GET', path: '/api/v1/systems/{id}/tasks/{task}/events', timeoutMs: 10000, takesRestOfPath: false },
  createTool: { method: 'POST', path: '/api/v1/tools', timeoutMs: 10000, takesRestOfPath: false },
  listTools: { method: 'GET', path: '/api/v1/tools', timeoutMs: 10000, takesRestOfPath: false },
  getTool: { method: 'GET', path: '/api/v1/tools/{name}', timeoutMs: 10000, takesRestOfPath: false },
  updateTool: { method: 'PATCH', path: '/api/v1/tools/{name}', timeoutMs: 10000, takesRestOfPath: false },
  deleteTool: { method: 'DELETE', path: '/api/v1/tools/{name}', timeoutMs: 10000, takesRestOfPath: false },
  setToolGrant: { method: 'PUT', path: '/api/v1/tool-grants/{principal}', timeoutMs: 10000, takesRestOfPath: false },
  listToolGrants: { method: 'GET', path: '/api/v1/tool-grants', timeoutMs: 10000, takesRestOfPath: false },
  analyzeDocument: { method: 'POST', path: '/api/v1/vision/analyze', timeoutMs: 260000, takesRestOfPath: false },
  createConversation: { method: 'POST', path: '/api/v1/conversations', timeoutMs: 10000, takesRestOfPath: false },
  listConversations: { method: 'GET', path: '/api/v1/conversations', timeoutMs: 10000, takesRestOfPath: false },
  getConversation: { method: 'GET', path: '/api/v1/conversations/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateConversation: { method: 'PATCH', path: '/api/v1/conversations/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteConversation: { method: 'DELETE', path: '/api/v1/conversations/{id}', timeoutMs: 10000, takesRestOfPath: false },
  addConversationMessages: { method: 'POST', path: '/api/v1/conversations/{id}/messages', timeoutMs: 10000, takesRestOfPath: false },
  listConversationMessages: { method: 'GET', path: '/api/v1/conversations/{id}/messages', timeoutMs: 10000, takesRestOfPath: false },
  exportConversation: { method: 'GET', path: '/api/v1/conversations/{id}/export', timeoutMs: 30000, takesRestOfPath: false },
  registerMonitoredModel: { method: 'POST', path: '/api/v1/models', timeoutMs: 10000, takesRestOfPath: false },
  listMonitoredModels: { method: 'GET', path: '/api/v1/models', timeoutMs: 10000, takesRestOfPath: false },
  listModelsAsModels: { method: 'GET', path: '/api/v1/monitored-models', timeoutMs: 10000, takesRestOfPath: false },
  getMonitoredModel: { method: 'GET', path: '/api/v1/models/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateMonitoredModel: { method: 'PUT', path: '/api/v1/models/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteMonitoredModel: { method: 'DELETE', path: '/api/v1/models/{id}', timeoutMs: 10000, takesRestOfPath: false },
  listMonitoredModelRevisions: { method: 'GET', path: '/api/v1/models/{id}/revisions', timeoutMs: 10000, takesRestOfPath: false },
  compareDrift: { method: 'POST', path: '/api/v1/drift/compare', timeoutMs: 120000, takesRestOfPath: false },
  listDriftMethods: { method: 'GET', path: '/api/v1/drift/methods', timeoutMs: 10000, takesRestOfPath: false },
  createDriftReference: { method: 'POST', path: '/api/v1/drift/references', timeoutMs: 60000, takesRestOfPath: false },
  listDriftReferences: { method: 'GET', path: '/api/v1/drift/references', timeoutMs: 10000, takesRestOfPath: false },
  getDriftReference: { method: 'GET', path: '/api/v1/drift/references/{id}', timeoutMs: 10000, takesRestOfPath: false },
  retireDriftReference: { method: 'DELETE', path: '/api/v1/drift/references/{id}', timeoutMs: 10000, takesRestOfPath: false },
  listDriftVerdicts: { method: 'GET', path: '/api/v1/drift/verdicts', timeoutMs: 10000, takesRestOfPath: false },
  getDriftVerdict: { method: 'GET', path: '/api/v1/drift/verdicts/{id}', timeoutMs: 10000, takesRestOfPath: false },
  runDrift: { method: 'POST', path: '/api/v1/models/{id}/drift/run', timeoutMs: 120000, takesRestOfPath: false },
  recordInference: { method: 'POST', path: '/api/v1/metrics/inference', timeoutMs: 20000, takesRestOfPath: false },
  reportDrift: { method: 'POST', path: '/api/v1/metrics/drift', timeoutMs: 20000, takesRestOfPath: false },
  recordResources: { method: 'POST', path: '/api/v1/metrics/resources', timeoutMs: 20000, takesRestOfPath: false },
  recordBatch: { method: 'POST', path: '/api/v1/metrics/batch', timeoutMs: 20000, takesRestOfPath: false },
  exportMetrics: { method: 'POST', path: '/v1/metrics', timeoutMs: 20000, takesRestOfPath: false },
  exportTraces: { method: 'POST', path: '/v1/traces', timeoutMs: 20000, takesRestOfPath: false },
  remoteWrite: { method: 'POST', path: '/api/v1/write', timeoutMs: 20000, takesRestOfPath: false },
  getSeries: { method: 'GET', path: '/api/v1/metrics/series', timeoutMs: 30000, takesRestOfPath: false },
  getCategories: { method: 'GET', path: '/api/v1/metrics/categories', timeoutMs: 30000, takesRestOfPath: false },
  getAggregatedMetrics: { method: 'GET', path: '/api/v1/metrics/aggregated', timeoutMs: 30000, takesRestOfPath: false },
  getSummary: { method: 'GET', path: '/api/v1/summary', timeoutMs: 30000, takesRestOfPath: false },
  listSamples: { method: 'GET', path: '/api/v1/metrics/inference', timeoutMs: 10000, takesRestOfPath: false },
  listSamplesAsMetrics: { method: 'GET', path: '/api/v1/metrics/inference/as-metrics', timeoutMs: 10000, takesRestOfPath: false },
  listReportedDrift: { method: 'GET', path: '/api/v1/metrics/drift', timeoutMs: 10000, takesRestOfPath: false },
  listDriftAsMetrics: { method: 'GET', path: '/api/v1/metrics/drift/as-metrics', timeoutMs: 10000, takesRestOfPath: false },
  getPrometheusMetrics: { method: 'GET', path: '/api/v1/metrics/prometheus', timeoutMs: 30000, takesRestOfPath: false },
  exportSamples: { method: 'GET', path: '/api/v1/metrics/export', timeoutMs: 30000, takesRestOfPath: false },
  createObjective: { method: 'POST', path: '/api/v1/objectives', timeoutMs: 10000, takesRestOfPath: false },
  listObjectives: { method: 'GET', path: '/api/v1/objectives', timeoutMs: 10000, takesRestOfPath: false },
  getObjective: { method: 'GET', path: '/api/v1/objectives/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateObjective: { method: 'PATCH', path: '/api/v1/objectives/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteObjective: { method: 'DELETE', path: '/api/v1/objectives/{id}', timeoutMs: 10000, takesRestOfPath: false },
  getObjectiveStatus: { method: 'GET', path: '/api/v1/objectives/{id}/status', timeoutMs: 30000, takesRestOfPath: false },
  getModelHealth: { method: 'GET', path: '/api/v1/models/{id}/health', timeoutMs: 10000, takesRestOfPath: false },
  getAnomalies: { method: 'GET', path: '/api/v1/anomalies', timeoutMs: 30000, takesRestOfPath: false },
  getForecast: { method: 'GET', path: '/api/v1/forecast', timeoutMs: 30000, takesRestOfPath: false },
  listAlerts: { method: 'GET', path: '/api/v1/alerts', timeoutMs: 10000, takesRestOfPath: false },
  listAlertsAsArray: { method: 'GET', path: '/api/v1/alerts/as-array', timeoutMs: 10000, takesRestOfPath: false },
  exportAlerts: { method: 'GET', path: '/api/v1/alerts/export', timeoutMs: 30000, takesRestOfPath: false },
  streamAlertEvents: { method: 'GET', path: '/api/v1/alerts/events', timeoutMs: 10000, takesRestOfPath: false },
  resolveAlertById: { method: 'POST', path: '/api/v1/alerts/resolve', timeoutMs: 10000, takesRestOfPath: false },
  getAlert: { method: 'GET', path: '/api/v1/alerts/{id}', timeoutMs: 10000, takesRestOfPath: false },
  acknowledgeAlert: { method: 'POST', path: '/api/v1/alerts/{id}/acknowledge', timeoutMs: 10000, takesRestOfPath: false },
  unacknowledgeAlert: { method: 'DELETE', path: '/api/v1/alerts/{id}/acknowledge', timeoutMs: 10000, takesRestOfPath: false },
  resolveAlert: { method: 'POST', path: '/api/v1/alerts/{id}/resolve', timeoutMs: 10000, takesRestOfPath: false },
  snoozeAlert: { method: 'POST', path: '/api/v1/alerts/{id}/snooze', timeoutMs: 10000, takesRestOfPath: false },
  unsnoozeAlert: { method: 'DELETE', path: '/api/v1/alerts/{id}/snooze', timeoutMs: 10000, takesRestOfPath: false },
  assignAlert: { method: 'PUT', path: '/api/v1/alerts/{id}/assignee', timeoutMs: 10000, takesRestOfPath: false },
  commentOnAlert: { method: 'POST', path: '/api/v1/alerts/{id}/comments', timeoutMs: 10000, takesRestOfPath: false },
  listAlertHistory: { method: 'GET', path: '/api/v1/alerts/{id}/history', timeoutMs: 10000, takesRestOfPath: false },
  createAlertRule: { method: 'POST', path: '/api/v1/alert-rules', timeoutMs: 10000, takesRestOfPath: false },
  listAlertRules: { method: 'GET', path: '/api/v1/alert-rules', timeoutMs: 10000, takesRestOfPath: false },
  putAlertRules: { method: 'PUT', path: '/api/v1/alert-rules', timeoutMs: 10000, takesRestOfPath: false },
  previewAlertRule: { method: 'POST', path: '/api/v1/alert-rules/preview', timeoutMs: 30000, takesRestOfPath: false },
  testAlertRules: { method: 'POST', path: '/api/v1/alert-rules/test', timeoutMs: 10000, takesRestOfPath: false },
  getAlertRule: { method: 'GET', path: '/api/v1/alert-rules/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateAlertRule: { method: 'PATCH', path: '/api/v1/alert-rules/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteAlertRule: { method: 'DELETE', path: '/api/v1/alert-rules/{id}', timeoutMs: 10000, takesRestOfPath: false },
  createChannel: { method: 'POST', path: '/api/v1/channels', timeoutMs: 10000, takesRestOfPath: false },
  listChannels: { method: 'GET', path: '/api/v1/channels', timeoutMs: 10000, takesRestOfPath: false },
  getChannel: { method: 'GET', path: '/api/v1/channels/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateChannel: { method: 'PATCH', path: '/api/v1/channels/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteChannel: { method: 'DELETE', path: '/api/v1/channels/{id}', timeoutMs: 10000, takesRestOfPath: false },
  testChannel: { method: 'POST', path: '/api/v1/channels/{id}/test', timeoutMs: 60000, takesRestOfPath: false },
  rotateChannelSecret: { method: 'POST', path: '/api/v1/channels/{id}/rotate-secret', timeoutMs: 10000, takesRestOfPath: false },
  listNotifications: { method: 'GET', path: '/api/v1/notifications', timeoutMs: 10000, takesRestOfPath: false },
  getNotification: { method: 'GET', path: '/api/v1/notifications/{id}', timeoutMs: 10000, takesRestOfPath: false },
  simulateNotification: { method: 'POST', path: '/api/v1/notifications/simulate', timeoutMs: 10000, takesRestOfPath: false },
  listDeliveries: { method: 'GET', path: '/api/v1/deliveries', timeoutMs: 10000, takesRestOfPath: false },
  replayDelivery: { method: 'POST', path: '/api/v1/deliveries/{id}/replay', timeoutMs: 10000, takesRestOfPath: false },
  traceAlert: { method: 'GET', path: '/api/v1/alerts/{id}/trace', timeoutMs: 10000, takesRestOfPath: false },
  createEscalationPolicy: { method: 'POST', path: '/api/v1/escalation-policies', timeoutMs: 10000, takesRestOfPath: false },
  listEscalationPolicies: { method: 'GET', path: '/api/v1/escalation-policies', timeoutMs: 10000, takesRestOfPath: false },
  deleteEscalationPolicy: { method: 'DELETE', path: '/api/v1/escalation-policies/{id}', timeoutMs: 10000, takesRestOfPath: false },
  createMaintenanceWindow: { method: 'POST', path: '/api/v1/maintenance-windows', timeoutMs: 10000, takesRestOfPath: false },
  listMaintenanceWindows: { method: 'GET', path: '/api/v1/maintenance-windows', timeoutMs: 10000, takesRestOfPath: false },
  deleteMaintenanceWindow: { method: 'DELETE', path: '/api/v1/maintenance-windows/{id}', timeoutMs: 10000, takesRestOfPath: false },
  getAmStatus: { method: 'GET', path: '/alertmanager/api/v2/status', timeoutMs: 10000, takesRestOfPath: false },
  getTenantAmStatus: { method: 'GET', path: '/alertmanager/{tenant}/api/v2/status', timeoutMs: 10000, takesRestOfPath: false },
  listAmReceivers: { method: 'GET', path: '/alertmanager/api/v2/receivers', timeoutMs: 10000, takesRestOfPath: false },
  listTenantAmReceivers: { method: 'GET', path: '/alertmanager/{tenant}/api/v2/receivers', timeoutMs: 10000, takesRestOfPath: false },
  listAmAlerts: { method: 'GET', path: '/alertmanager/api/v2/alerts', timeoutMs: 10000, takesRestOfPath: false },
  listTenantAmAlerts: { method: 'GET', path: '/alertmanager/{tenant}/api/v2/alerts', timeoutMs: 10000, takesRestOfPath: false },
  postAmAlerts: { method: 'POST', path: '/alertmanager/api/v2/alerts', timeoutMs: 10000, takesRestOfPath: false },
  postTenantAmAlerts: { method: 'POST', path: '/alertmanager/{tenant}/api/v2/alerts', timeoutMs: 10000, takesRestOfPath: false },
  listAmAlertGroups: { method: 'GET', path: '/alertmanager/api/v2/alerts/groups', timeoutMs: 10000, takesRestOfPath: false },
  listTenantAmAlertGroups: { method: 'GET', path: '/alertmanager/{tenant}/api/v2/alerts/groups', timeoutMs: 10000, takesRestOfPath: false },
  listAmSilences: { method: 'GET', path: '/alertmanager/api/v2/silences', timeoutMs: 10000, takesRestOfPath: false },
  listTenantAmSilences: { method: 'GET', path: '/alertmanager/{tenant}/api/v2/silences', timeoutMs: 10000, takesRestOfPath: false },
  postAmSilences: { method: 'POST', path: '/alertmanager/api/v2/silences', timeoutMs: 10000, takesRestOfPath: false },
  postTenantAmSilences: { method: 'POST', path: '/alertmanager/{tenant}/api/v2/silences', timeoutMs: 10000, takesRestOfPath: false },
  getAmSilence: { method: 'GET', path: '/alertmanager/api/v2/silence/{id}', timeoutMs: 10000, takesRestOfPath: false },
  getTenantAmSilence: { method: 'GET', path: '/alertmanager/{tenant}/api/v2/silence/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteAmSilence: { method: 'DELETE', path: '/alertmanager/api/v2/silence/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteTenantAmSilence: { method: 'DELETE', path: '/alertmanager/{tenant}/api/v2/silence/{id}', timeoutMs: 10000, takesRestOfPath: false },
  getAlertingConfiguration: { method: 'GET', path: '/api/v1/alerting-configuration', timeoutMs: 10000, takesRestOfPath: false },
  putAlertingConfiguration: { method: 'PUT', path: '/api/v1/alerting-configuration', timeoutMs: 10000, takesRestOfPath: false },
  createSilence: { method: 'POST', path: '/api/v1/silences', timeoutMs: 10000, takesRestOfPath: false },
  previewSilence: { method: 'POST', path: '/api/v1/silences/preview', timeoutMs: 10000, takesRestOfPath: false },
  listSilences: { method: 'GET', path: '/api/v1/silences', timeoutMs: 10000, takesRestOfPath: false },
  getSilence: { method: 'GET', path: '/api/v1/silences/{id}', timeoutMs: 10000, takesRestOfPath: false },
  updateSilence: { method: 'PUT', path: '/api/v1/silences/{id}', timeoutMs: 10000, takesRestOfPath: false },
  endSilence: { method: 'DELETE', path: '/api/v1/silences/{id}', timeoutMs: 10000, takesRestOfPath: false },
  uploadDocument: { method: 'POST', path: '/api/v1/documents', timeoutMs: 60000, takesRestOfPath: false },
  listDocuments: { method: 'GET', path: '/api/v1/documents', timeoutMs: 10000, takesRestOfPath: false },
  getDocument: { method: 'GET', path: '/api/v1/documents/{id}', timeoutMs: 10000, takesRestOfPath: false },
  downloadDocument: { method: 'GET', path: '/api/v1/documents/{id}/download', timeoutMs: 30000, takesRestOfPath: false },
  getDocumentText: { method: 'GET', path: '/api/v1/documents/{id}/text', timeoutMs: 30000, takesRestOfPath: false },
  deleteDocument: { method: 'DELETE', path: '/api/v1/documents/{id}', timeoutMs: 10000, takesRestOfPath: false },
  resolveParty: { method: 'POST', path: '/api/v1/parties/resolve', timeoutMs: 10000, takesRestOfPath: false },
  listParties: { method: 'GET', path: '/api/v1/parties', timeoutMs: 10000, takesRestOfPath: false },
  getParty: { method: 'GET', path: '/api/v1/parties/{id}', timeoutMs: 10000, takesRestOfPath: false },
  listPartyReviews: { method: 'GET', path: '/api/v1/party-reviews', timeoutMs: 10000, takesRestOfPath: false },
  decidePartyReview: { method: 'POST', path: '/api/v1/party-reviews/{id}/decide', timeoutMs: 10000, takesRestOfPath: false },
  createResearch: { method: 'POST', path: '/api/v1/research', timeoutMs: 10000, takesRestOfPath: false },
  listResearch: { method: 'GET', path: '/api/v1/research', timeoutMs: 10000, takesRestOfPath: false },
  getResearch: { method: 'GET', path: '/api/v1/research/{id}', timeoutMs: 10000, takesRestOfPath: false },
  deleteResearch: { method: 'DELETE', path: '/api/v1/research/{id}', timeoutMs: 10000, takesRestOfPath: false },
  cancelResearch: { method: 'POST', path: '/api/v1/research/{id}/cancel', timeoutMs: 10000, takesRestOfPath: false },
  retryResearch: { method: 'POST', path: '/api/v1/research/{id}/retry', timeoutMs: 10000, takesRestOfPath: false },
  approveResearch: { method: 'POST', path: '/api/v1/research/{id}/approve', timeoutMs: 10000, takesRestOfPath: false },
  streamResearchEvents: { method: 'GET', path: '/api/v1/research/{id}/events', timeoutMs: 10000, takesRestOfPath: false },
  getResearchQueue: { method: 'GET', path: '/api/v1/research-queue', timeoutMs: 10000, takesRestOfPath: false },
  pauseResearchQueue: { method: 'POST', path: '/api/v1/research-queue/pause', timeoutMs: 10000, takesRestOfPath: false },
  resumeResearchQueue: { method: 'POST', path: '/api/v1/research-queue/resume', timeoutMs: 10000, takesRestOfPath: false },
  cleanResearchQueue: { method: 'POST', path: '/api/v1/research-queue/clean', timeoutMs: 10000, takesRestOfPath: false },
  getResearchCacheStatistics: { method: 'GET', path: '/api/v1/research-cache', timeoutMs: 10000, takesRestOfPath: false },
  clearResearchCache: { method: 'DELETE', path: '/api/v1/research-cache/{namespace}', timeoutMs: 10000, takesRestOfPath: false },
  getReportHtml: { method: 'GET', path: '/api/v1/research/{id}/report.html', timeoutMs: 10000, takesRestOfPath: false },
  getReportMarkdown: { method: 'GET', path: '/api/v1/research/{id}/report.md', timeoutMs: 10000, takesRestOfPath: false },
  getReportJson: { method: 'GET', path: '/api/v1/research/{id}/report.json', timeoutMs: 10000, takesRestOfPath: false },
  getReportPdf: { method: 'GET', path: '/api/v1/research/{id}/report.pdf', timeoutMs: 10000, takesRestOfPath: false },
  getReportFile: { method: 'GET', path: '/reports/{file}', timeoutMs: 10000, takesRestOfPath: false },
  createReportLink: { method: 'POST', path: '/api/v1/research/{id}/report-links', timeoutMs: 10000, takesRestOfPath: false },
  getSharedReport: { method: 'GET', path: '/reports/shared/{link}', timeoutMs: 10000, takesRestOfPath: false },
  askResearch: { method: 'POST', path: '/api/v1/research/{id}/ask', timeoutMs: 130000, takesRestOfPath: false },
  listSearchProviders: { method: 'GET', path: '/api/v1/search-providers', timeoutMs: 10000, takesRestOfPath: false },
  setSearchCredential: { method: 'PUT', path: '/api/v1/search-providers/{provider}/credential', timeoutMs: 10000, takesRestOfPath: false },
  deleteSearchCredential: { method: 'DELETE', path: '/api/v1/search-providers/{provider}/credential', timeoutMs: 10000, takesRestOfPath: false },
  testSearchProvider: { method: 'POST', path: '/api/v1/search-providers/{provider}/test', timeoutMs: 20000, takesRestOfPath: false },
} as const;
