-- For psql in docker-compose.yml: makes every service its schema and its two roles, by the same script as on a laptop.
-- The passwords come from files and appear on no command line. Safe to repeat.
\set ON_ERROR_STOP on

\set schema gateway
\set owner_password `cat /run/secrets/gateway_owner_password`
\set app_password `cat /run/secrets/gateway_app_password`
\ir service-room.sql

\set schema chat_router
\set owner_password `cat /run/secrets/chat_router_owner_password`
\set app_password `cat /run/secrets/chat_router_app_password`
\ir service-room.sql

\set schema monitoring_ingest
\set owner_password `cat /run/secrets/monitoring_ingest_owner_password`
\set app_password `cat /run/secrets/monitoring_ingest_app_password`
\ir service-room.sql

\set schema alerting
\set owner_password `cat /run/secrets/alerting_owner_password`
\set app_password `cat /run/secrets/alerting_app_password`
\ir service-room.sql

\set schema research_pipeline
\set owner_password `cat /run/secrets/research_pipeline_owner_password`
\set app_password `cat /run/secrets/research_pipeline_app_password`
\ir service-room.sql
