import type { System, SystemInput, SystemSpec, Task } from '@signalbox/contracts';
import type { StoredSystem } from './system-store.ts';
import type { TaskRow } from './task-store.ts';

export function presentSystem({ id, version, spec, created_at, updated_at }: StoredSystem): System {
  const times = { created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
  return { ...spec, id, version, status: 'active', ...times };
}

/** What a system is told to be, with everything that was left out said. */
export function toSpec({ id: _id, ...input }: SystemInput): SystemSpec {
  const { prompts = {}, tools = [], requirements = {}, budget = null } = input;
  return { ...input, prompts, tools, requirements, budget };
}

export function presentTask(task: TaskRow): Task {
  const { started_at: from, finished_at: to, latency_target_ms: targetMs, result } = task;
  const processingMs = from === null || to === null ? 0 : to.getTime() - from.getTime();
  return {
    id: task.id,
    system_id: task.system_id,
    system_version: task.system_version,
    status: task.status,
    task_type: task.task_type,
    metadata: task.metadata,
    created_at: task.created_at.toISOString(),
    started_at: from?.toISOString() ?? null,
    finished_at: to?.toISOString() ?? null,
    result:
      result === null
        ? null
        : {
            ...result,
            processing_time_ms: processingMs,
            ...(targetMs === null ? {} : { latency_target_missed: processingMs > targetMs }),
          },
    error: task.error,
  };
}
