/** One question to Prometheus, and what its series are called (`{{provider}}`). */
export interface Query {
  expr: string;
  legend: string;
}

export type Unit = 'short' | 's' | 'percentunit' | 'reqps' | 'currencyUSD' | 'bytes' | 'ops';

/** One picture: what it shows, in one sentence, and from which questions. */
export interface Panel {
  title: string;
  says: string;
  kind: 'timeseries' | 'stat' | 'table';
  unit: Unit;
  queries: readonly Query[];
}

/** Panels that are looked at together, under a heading. */
export interface Row {
  title: string;
  panels: readonly Panel[];
}

export interface Dashboard {
  uid: string;
  title: string;
  says: string;
  rows: readonly Row[];
}

export function panel(title: string, unit: Unit, says: string, ...queries: readonly [string, string][]): Panel {
  return { title, says, kind: 'timeseries', unit, queries: queries.map(([expr, legend]) => ({ expr, legend })) };
}

export function stat(title: string, unit: Unit, says: string, expr: string): Panel {
  return { title, says, kind: 'stat', unit, queries: [{ expr, legend: title }] };
}

/** Every expression of a dashboard, with `$__rate_interval` made `rateInterval`, as Grafana does. */
export function expressionsOf(dashboard: Dashboard, rateInterval: string): { panel: string; expr: string }[] {
  return dashboard.rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map(({ expr }) => ({ panel: title, expr: expr.replaceAll('$__rate_interval', rateInterval) })),
    ),
  );
}

const datasource = { type: 'prometheus', uid: 'prometheus' };
const columns = 24;
const perLine = 3;
const height = 8;

/** What Grafana is provisioned with. It has no ids of one installation, so that a change here is a change there. */
export function toGrafana({ uid, title, says, rows }: Dashboard): string {
  const panels: object[] = [];
  let top = 0;
  for (const row of rows) {
    panels.push({
      type: 'row',
      title: row.title,
      collapsed: false,
      id: panels.length + 1,
      gridPos: gridPos(0, top, columns, 1),
    });
    top += 1;
    for (const [index, one] of row.panels.entries()) {
      const left = (index % perLine) * (columns / perLine);
      const line = top + Math.floor(index / perLine) * height;
      panels.push({ ...drawn(one), id: panels.length + 1, gridPos: gridPos(left, line, columns / perLine, height) });
    }
    top += Math.ceil(row.panels.length / perLine) * height;
  }
  const dashboard = {
    ...{ uid, title, description: says, tags: ['signalbox'], schemaVersion: 41, version: 1, editable: false },
    ...{ timezone: 'browser', refresh: '30s', time: { from: 'now-1h', to: 'now' } },
    ...{ annotations: { list: [] }, templating: { list: [] }, links: [], panels },
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function gridPos(x: number, y: number, w: number, h: number): object {
  return { x, y, w, h };
}

function drawn({ title, says, kind, unit, queries }: Panel): object {
  return {
    type: kind,
    title,
    description: says,
    datasource,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      kind === 'timeseries' ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } } : {},
    targets: queries.map(({ expr, legend }, index) => ({
      ...{ datasource, expr, legendFormat: legend, refId: String.fromCharCode(65 + index) },
      ...(kind === 'timeseries' ? { range: true } : { instant: true }),
    })),
  };
}
