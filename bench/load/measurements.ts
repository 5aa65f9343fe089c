// The same measurements in each form that somebody takes them in.

let made = 0;

/** One sample, new each time. */
interface Measurement {
  model: string;
  requestId: string;
  latencyMs: string;
}

function nextMeasurement(): Measurement {
  made += 1;
  return {
    model: `model-${String(made % 10)}`,
    requestId: `request-${String(made)}`,
    latencyMs: `${String(50 + (made % 400))}.5`,
  };
}

function json({ model, requestId, latencyMs }: Measurement): string {
  return `{"model_id":"${model}","model_type":"tabular","request_id":"${requestId}","latency":${latencyMs},"throughput":3.5,"error_rate":0,"resource_usage":{"gpu_memory":0.5,"cpu_usage":0.25,"memory_usage":0.75},"tags":{"region":"eu","team":"a","pod":"p-7","build":"1234"}}`;
}

/** A body of `/api/v1/metrics/inference` (one row) or of `/api/v1/metrics/batch`. */
export function jsonBody(rows: number): string {
  if (rows === 1) return json(nextMeasurement());
  return `{"items":[${Array.from({ length: rows }, () => json(nextMeasurement())).join(',')}]}`;
}

/**
 * InfluxDB's line protocol. The request id is a field: as a tag it would make a series of each row. Each row has a time of
 * its own, or it would replace another.
 */
export function lineProtocol(rows: number): string {
  const nowMs = Date.now();
  let text = '';
  for (let row = 0; row < rows; row += 1) {
    const { model, requestId, latencyMs } = nextMeasurement();
    const nanos = String(made % 1_000_000).padStart(6, '0');
    text += `samples,build=1234,model_id=${model},model_type=tabular,pod=p-7,region=eu,team=a request_id="${requestId}",latency=${latencyMs},throughput=3.5,error_rate=0,gpu_memory=0.5,cpu_usage=0.25,memory_usage=0.75 ${String(nowMs)}${nanos}\n`;
  }
  return text;
}

export const copyColumns =
  'time, tenant_id, model_id, request_id, model_type, latency_ms, throughput, error_rate, gpu_memory, cpu_usage, memory_usage, tags, source';

/** Lines of Postgres' COPY in its text format, of `copyColumns`. */
export function copyText(rows: number): string {
  const time = new Date().toISOString();
  let text = '';
  for (let row = 0; row < rows; row += 1) {
    const { model, requestId, latencyMs } = nextMeasurement();
    text += `${time}\ttenant_bench\t${model}\t${requestId}\ttabular\t${latencyMs}\t3.5\t0\t0.5\t0.25\t0.75\t{"region":"eu","team":"a","pod":"p-7","build":"1234"}\tbatch\n`;
  }
  return text;
}
