import { getLiveness, getMeshHealth, getReadiness, getRoot } from '@signalbox/contracts';
import { mountRoute, reply, type Health, type Routes } from '@signalbox/http';
import { probeMesh, type MeshHealthOptions } from './mesh-health.ts';

export interface HealthRoutesOptions {
  health: Health;
  adminUrls: MeshHealthOptions['adminUrls'];
  version: string;
}

export function mountHealth(routes: Routes, { health, adminUrls, version }: HealthRoutesOptions): void {
  mountRoute(routes, getRoot, () => ({
    name: 'Signalbox',
    version,
    links: { documents: '/docs', reference: '/redoc', openapi: '/openapi.json', health: '/api/v1/health' },
  }));
  mountRoute(routes, getMeshHealth, async () => {
    const mesh = await probeMesh({ health, adminUrls });
    return reply(mesh, { status: mesh.status === 'unhealthy' ? 503 : 200 });
  });
  mountRoute(routes, getLiveness, () => health.live());
  mountRoute(routes, getReadiness, async () => {
    const ready = await health.ready();
    return reply(ready.health, { status: ready.httpStatus });
  });
}
