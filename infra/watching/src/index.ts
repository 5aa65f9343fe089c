import { agentPerformance } from './dashboards/agent-performance.ts';
import { costTracking } from './dashboards/cost-tracking.ts';
import { queues } from './dashboards/queues.ts';
import { systemHealth } from './dashboards/system-health.ts';

export { expressionsOf, toGrafana, type Dashboard } from './dashboard.ts';
export { metricNamesIn, metricProblems, registeredMetrics, ruleExpressions } from './metric-problems.ts';
export { makeWatching } from './make-watching.ts';

/** In the order in which one looks. */
export const dashboards = [agentPerformance, costTracking, systemHealth, queues] as const;
