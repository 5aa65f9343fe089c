import { alertmanagerRoutes } from './alertmanager.ts';
import { alertRuleRoutes } from './alert-rules.ts';
import { alertRoutes } from './alerts.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditRoutes } from './audit.ts';
import { breakerRoutes } from './breakers.ts';
import { cacheRoutes } from './cache.ts';
import { channelRoutes } from './channels.ts';
import { chatRoutes } from './chat.ts';
import { conversationRoutes } from './conversations.ts';
import type { RouteContract } from './define-route.ts';
import { documentRoutes } from './documents.ts';
import { driftComparisonRoutes } from './drift-comparison.ts';
import { driftRoutes } from './drift.ts';
import { embeddingRoutes } from './embeddings.ts';
import { exportRoutes } from './exports.ts';
import { forecastRoutes } from './forecasts.ts';
import { meshRoutes } from './mesh.ts';
import { escalationRoutes } from './escalation.ts';
import { messageRoutes } from './messages.ts';
import { moneyRoutes } from './money.ts';
import { monitoredModelRoutes } from './monitoring-models.ts';
import { objectiveRoutes } from './objectives.ts';
import { notificationRoutes } from './notifications.ts';
import { partyRoutes } from './parties.ts';
import { peopleRoutes } from './people.ts';
import { providerRoutes } from './providers.ts';
import { reportRoutes } from './reports.ts';
import { researchCacheRoutes } from './research-cache.ts';
import { researchQueueRoutes } from './research-queue.ts';
import { researchRoutes } from './research.ts';
import { responseRoutes } from './responses.ts';
import { sampleRoutes } from './samples.ts';
import { searchProviderRoutes } from './search-providers.ts';
import { seriesRoutes } from './series.ts';
import { silenceRoutes } from './silences.ts';
import { systemRoutes } from './systems.ts';
import { toolRoutes } from './tools.ts';
import { visionRoutes } from './vision.ts';

/** Every route of the mesh. The gateway forwards or answers what is in here and nothing else. */
export const allRoutes: readonly RouteContract[] = [
  ...meshRoutes,
  ...apiKeyRoutes,
  ...peopleRoutes,
  ...auditRoutes,
  ...breakerRoutes,
  ...cacheRoutes,
  ...chatRoutes,
  ...messageRoutes,
  ...responseRoutes,
  ...embeddingRoutes,
  ...providerRoutes,
  ...moneyRoutes,
  ...systemRoutes,
  ...toolRoutes,
  ...visionRoutes,
  ...conversationRoutes,
  ...monitoredModelRoutes,
  ...driftComparisonRoutes,
  ...driftRoutes,
  ...sampleRoutes,
  ...seriesRoutes,
  ...exportRoutes,
  ...objectiveRoutes,
  ...forecastRoutes,
  ...alertRoutes,
  ...alertRuleRoutes,
  ...channelRoutes,
  ...notificationRoutes,
  ...escalationRoutes,
  ...alertmanagerRoutes,
  ...silenceRoutes,
  ...documentRoutes,
  ...partyRoutes,
  ...researchRoutes,
  ...researchQueueRoutes,
  ...researchCacheRoutes,
  ...reportRoutes,
  ...searchProviderRoutes,
];
