/**
 * Operations whose services are not built yet, by the conventions of the API and what their specifications name. A contract
 * of the same id takes an operation's place.
 */
export interface PlannedOperations {
  createResearch: { params: null; query: null; body: ResearchInput; answer: ResearchJob };
  listResearch: { params: null; query: ListQuery & { status?: string }; body: null; answer: PlannedPage<ResearchJob> };
  getResearch: { params: IdParams; query: null; body: null; answer: ResearchJob };
  deleteResearch: { params: IdParams; query: null; body: null; answer: null };
  cancelResearch: { params: IdParams; query: null; body: null; answer: ResearchJob };
  retryResearch: { params: IdParams; query: null; body: null; answer: ResearchJob };
  approveResearch: { params: IdParams; query: null; body: null; answer: ResearchJob };
  streamResearchEvents: { params: IdParams; query: null; body: null; answer: string };
  getResearchReport: { params: { id: string; format: string }; query: null; body: null; answer: string };
  askResearch: { params: IdParams; query: null; body: { question: string }; answer: ResearchAnswer };
  uploadDocument: { params: null; query: null; body: null; answer: StoredDocument };
  listDocuments: {
    params: null;
    query: ListQuery & { status?: string };
    body: null;
    answer: PlannedPage<StoredDocument>;
  };
  getDocument: { params: IdParams; query: null; body: null; answer: StoredDocument };
  downloadDocument: { params: IdParams; query: null; body: null; answer: string };
  deleteDocument: { params: IdParams; query: null; body: null; answer: null };
  listAlerts: { params: null; query: AlertQuery; body: null; answer: PlannedPage<Alert> };
  getAlert: { params: IdParams; query: null; body: null; answer: Alert };
  acknowledgeAlert: { params: IdParams; query: null; body: { note?: string }; answer: Alert };
  resolveAlert: { params: IdParams; query: null; body: { note?: string }; answer: Alert };
  createAlertRule: { params: null; query: null; body: AlertRuleInput; answer: AlertRule };
  listAlertRules: { params: null; query: ListQuery; body: null; answer: PlannedPage<AlertRule> };
  getAlertRule: { params: IdParams; query: null; body: null; answer: AlertRule };
  updateAlertRule: { params: IdParams; query: null; body: Partial<AlertRuleInput>; answer: AlertRule };
  deleteAlertRule: { params: IdParams; query: null; body: null; answer: null };
}

interface IdParams {
  id: string;
}

interface ListQuery {
  limit?: number;
  cursor?: string;
}

interface PlannedPage<Row> {
  data: Row[];
  page_info: {
    limit: number;
    has_next: boolean;
    has_prev: boolean;
    next_cursor: string | null;
    prev_cursor: string | null;
  };
}

export interface ResearchInput {
  topic: string;
  sources?: string[];
  breadth?: number;
  depth?: number;
  budget?: Record<string, unknown>;
  language?: string;
  sections?: string[];
  max_results?: number;
}

/** `status` moves from `pending` over `running` to one of `completed`, `completed_partial`, `failed`, `cancelled`. */
export interface ResearchJob {
  id: string;
  status: string;
  stage?: string | null;
  error?: { code: string; message: string } | null;
  [member: string]: unknown;
}

export interface ResearchAnswer {
  answer: string | null;
  [member: string]: unknown;
}

export interface StoredDocument {
  id: string;
  status: string;
  [member: string]: unknown;
}

interface AlertQuery extends ListQuery {
  model_id?: string;
  severity?: string;
  state?: string;
}

export interface Alert {
  id: string;
  state: string;
  severity: string;
  [member: string]: unknown;
}

export interface AlertRuleInput {
  name: string;
  [member: string]: unknown;
}

export interface AlertRule extends AlertRuleInput {
  id: string;
}

const [timeoutMs, takesRestOfPath] = [10_000, false];
const research = '/api/v1/research';
const documents = '/api/v1/documents';
const rules = '/api/v1/alert-rules';
const facts = (method: string, path: string) => ({ method, path, timeoutMs, takesRestOfPath });

export const plannedOperations = {
  createResearch: facts('POST', research),
  listResearch: facts('GET', research),
  getResearch: facts('GET', `${research}/{id}`),
  deleteResearch: facts('DELETE', `${research}/{id}`),
  cancelResearch: facts('POST', `${research}/{id}/cancel`),
  retryResearch: facts('POST', `${research}/{id}/retry`),
  approveResearch: facts('POST', `${research}/{id}/approve`),
  streamResearchEvents: facts('GET', `${research}/{id}/events`),
  getResearchReport: facts('GET', `${research}/{id}/report.{format}`),
  askResearch: { ...facts('POST', `${research}/{id}/ask`), timeoutMs: 130_000 },
  uploadDocument: { ...facts('POST', documents), timeoutMs: 60_000 },
  listDocuments: facts('GET', documents),
  getDocument: facts('GET', `${documents}/{id}`),
  downloadDocument: facts('GET', `${documents}/{id}/download`),
  deleteDocument: facts('DELETE', `${documents}/{id}`),
  listAlerts: facts('GET', '/api/v1/alerts'),
  getAlert: facts('GET', '/api/v1/alerts/{id}'),
  acknowledgeAlert: facts('POST', '/api/v1/alerts/{id}/acknowledge'),
  resolveAlert: facts('POST', '/api/v1/alerts/{id}/resolve'),
  createAlertRule: facts('POST', rules),
  listAlertRules: facts('GET', rules),
  getAlertRule: facts('GET', `${rules}/{id}`),
  updateAlertRule: facts('PATCH', `${rules}/{id}`),
  deleteAlertRule: facts('DELETE', `${rules}/{id}`),
} as const;
