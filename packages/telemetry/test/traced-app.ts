// A small service as ours are, traced from outside by `--import @signalbox/telemetry/register`.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createLogger } from '@signalbox/telemetry';
import express from 'express';
import { Redis } from 'ioredis';
import pg from 'pg';

const logger = createLogger({ service: 'traced-app' });
const pool = new pg.Pool({ connectionString: process.env['SIGNALBOX_TEST_POSTGRES_URL'] });
const redis = new Redis(process.env['SIGNALBOX_TEST_REDIS_URL'] ?? '');
const app = express();

app.get('/things/:id', async (request, response) => {
  const { rows } = await pool.query("SELECT $1::text AS id, 'canary-literal' AS literal", [request.params.id]);
  await redis.set('telemetry:traced-app', 'canary-redis-value', 'PX', 1000);
  logger.info('thing.read');
  response.json(rows);
});

const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(JSON.stringify(server.address()));

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  redis.disconnect();
  void pool.end();
});
