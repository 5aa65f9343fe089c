/**
 * Operations whose services are not built yet, by the conventions of the API and what their specifications name. A contract
 * of the same id takes an operation's place.
 */
export interface PlannedOperations {
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
const rules = '/api/v1/alert-rules';
const facts = (method: string, path: string) => ({ method, path, timeoutMs, takesRestOfPath });

export const plannedOperations = {
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
