import type { ResearchEvent, ResearchJob } from '@signalbox/contracts';
import type { StageUnits } from './job-tables.ts';
import type { EventRow, JobRow } from './job-store.ts';
import { isOver } from './job.ts';

export function presentJob(row: JobRow): ResearchJob {
  return {
    id: row.id,
    topic: row.request.topic,
    status: row.status,
    stage: row.stage,
    progress: { percent: percentOf(row.units), stages: row.units },
    request: row.request,
    questions: row.questions,
    mode: row.mode,
    degraded: row.degraded,
    warnings: row.warnings,
    budget: row.budget,
    spent: row.spent,
    partial_reason: row.partial_reason,
    error: row.error,
    run: row.run,
    workers: row.epoch,
    created_by: row.principal.principalId,
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    expires_at: row.expires_at.toISOString(),
    report:
      row.report_sha256 === null || !isOver(row.status) ? null : { sha256: row.report_sha256, ...linksOf(row.id) },
  };
}

export function presentEvent({ seq, type, data, at }: EventRow): ResearchEvent {
  return { id: seq, type: type as ResearchEvent['type'], data, at: at.toISOString() };
}

/** Units done of the units that are known; to one decimal place. */
function percentOf(units: readonly StageUnits[]): number {
  const total = units.reduce((sum, stage) => sum + Math.max(1, stage.total), 0);
  if (total === 0) return 0;
  const done = units.reduce((sum, { done: some, total: all }) => sum + (all === 0 ? 0 : some), 0);
  return Math.round((Math.min(done, total) / total) * 1_000) / 10;
}

function linksOf(id: string): { html: string; md: string; json: string; pdf: string } {
  const report = `/api/v1/research/${id}/report`;
  return { html: `${report}.html`, md: `${report}.md`, json: `${report}.json`, pdf: `${report}.pdf` };
}
